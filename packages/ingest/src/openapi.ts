import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

/** The page at `/docs` and its document at `/docs/json`. Public: they tell nothing about this installation. */
export async function registerOpenApi(server: FastifyInstance): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.0.3',
      info: {
        title: 'Encke',
        version: '1',
        description: 'The HTTP API of application servers: who a user is and what to tell them.',
      },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
      security: [{ key: [] }],
      tags: [
        { name: 'users', description: 'Who may sign in, who is online, who has to leave.' },
        { name: 'messages', description: 'What to tell them.' },
      ],
    },
  });
  await server.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    theme: { title: 'Encke HTTP API' },
    uiConfig: { layout: 'BaseLayout' },
  });
}
