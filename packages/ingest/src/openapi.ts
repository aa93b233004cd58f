import { requestTurn } from '@encke/service';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

interface Call {
  readonly requestBody?: {
    required?: boolean;
    readonly content: Readonly<Record<string, { schema: { type?: string; required?: unknown } }>>;
  };
}

/** A body in which nothing is required may be left out; the generator says of every body that it may not. */
function freeBodies(paths: Readonly<Record<string, Readonly<Record<string, Call>>>>): void {
  for (const calls of Object.values(paths))
    for (const { requestBody } of Object.values(calls)) {
      const schema = requestBody?.content['application/json']?.schema;
      if (requestBody && schema?.type === 'object' && schema.required === undefined)
        requestBody.required = false;
    }
}

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
        { name: 'channels', description: 'What to tell all who listen, named or not.' },
        { name: 'operation', description: 'How the installation is.' },
      ],
    },
    transformObject(document) {
      if (!('openapiObject' in document)) return document.swaggerObject;
      freeBodies(document.openapiObject.paths as Parameters<typeof freeBodies>[0]);
      return document.openapiObject;
    },
  });
  await server.register(async (pages) => {
    pages.addHook('onRequest', async ({ raw }, reply) => {
      if (!(await requestTurn(raw, reply.raw))) return reply.hijack();
    });
    await pages.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: true,
      // On plain HTTP, browsers would ask for its script and styles by HTTPS (loopback excepted), and the page stay blank.
      transformStaticCSP: (policy) => policy.replace(/ upgrade-insecure-requests;$/, ''),
      theme: { title: 'Encke HTTP API' },
      uiConfig: { layout: 'BaseLayout' },
    });
  });
}
