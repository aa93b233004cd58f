/** Messages over HTTP, one by one or in batches, and over a stream of lines. */
import { randomUUID } from 'node:crypto';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Redis } from 'ioredis';
import { key, openRedis } from './redis.ts';

interface Message {
  readonly user: number;
  readonly event?: string;
  readonly data: unknown;
  readonly ttl?: number;
}

const message = {
  type: 'object',
  required: ['data'],
  properties: {
    user: { type: 'integer', minimum: 1 },
    event: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' },
    data: {},
    ttl: { type: 'integer', minimum: 1 },
  },
};
const params = {
  type: 'object',
  properties: { app: { type: 'integer' }, user: { type: 'integer' } },
};
const answer = {
  type: 'object',
  properties: { id: { type: 'string' }, seq: { type: 'integer' }, sessions: { type: 'integer' } },
};
/** Milliseconds. */
const lifetime = 300_000;

type Append = (app: number, message: Message) => Promise<object>;

function appender(redis: Redis): Append {
  return async (app, { user, event = '', data, ttl }) => {
    const keys = ['record', 'inbox', 'sessions'].map((what) => key(app, user, what));
    const body = `${event} ${JSON.stringify(data)}`;
    const [id, seq, sessions] = await redis.appendMessage(
      ...keys,
      ...[`${app}:${user}`, body, ttl ?? lifetime, randomUUID()],
    );
    return { id, seq, sessions };
  };
}

function addCalls(server: FastifyInstance, redis: Redis, append: Append): void {
  server.put<{ Params: { app: number; user: number }; Body: { hash: string } }>(
    '/v1/apps/:app/users/:user/auth',
    { schema: { params } },
    async ({ params: { app, user }, body }, reply) => {
      await redis.set(key(app, user, 'auth'), body.hash);
      return reply.code(204).send();
    },
  );
  server.post<{ Params: { app: number; user: number }; Body: Message }>(
    '/v1/apps/:app/users/:user/messages',
    { schema: { params, body: message, response: { 202: answer } } },
    async ({ params: { app, user }, body }, reply) => {
      reply.code(202);
      return append(app, { ...body, user });
    },
  );
  const many = (items: object) => ({ type: 'array', items });
  server.post<{ Params: { app: number }; Body: Message[] }>(
    '/v1/apps/:app/messages',
    { schema: { params, body: many(message), response: { 202: many(answer) } } },
    async ({ params: { app }, body }, reply) => {
      reply.code(202);
      return Promise.all(body.map((one) => append(app, one)));
    },
  );
}

function addStream(server: FastifyInstance, append: Append): void {
  server.get<{ Params: { app: number } }>(
    '/v1/apps/:app/stream',
    { websocket: true, schema: { params } },
    (socket, { params: { app } }) => {
      const take = async (text: string): Promise<string> => {
        const line = JSON.parse(text) as Message & { ref: number };
        return JSON.stringify({ ref: line.ref, ...(await append(app, line)) });
      };
      socket.on('message', async (frame) => {
        socket.send((await Promise.all(String(frame).split('\n').map(take))).join('\n'));
      });
    },
  );
}

/** @returns its port. */
export async function startIngest(): Promise<number> {
  const redis = openRedis();
  const server = Fastify();
  await server.register(websocket);
  server.addHook('onRequest', async (request, reply) => {
    if (request.headers.authorization === `Bearer ${process.env.ENCKE_API_KEY}`) return;
    await reply.code(401).send({ title: 'no such key' });
  });
  const append = appender(redis);
  addCalls(server, redis, append);
  addStream(server, append);
  return Number(new URL(await server.listen({ port: 0, host: '127.0.0.1' })).port);
}
