/** What the gateway's port serves besides sockets: the SDK, the demo page, and where it is. */
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Config, requestTurn, type Tls, webSocketRequest } from '@encke/service';
import fastifyStatic from '@fastify/static';
import { type FastifyInstance, fastify } from 'fastify';

const sdk = new URL('../../client/dist/browser/', import.meta.url);
const demo = fileURLToPath(new URL('../demo/', import.meta.url));

/** Path → file of the SDK. Pages of the old server load `CometServerApi.js`. */
const files: Record<string, string> = {
  '/client.js': 'client.js',
  '/CometServerApi.js': 'client.js',
  '/client.js.map': 'client.js.map',
  '/client-tabs.mjs': 'client-tabs.mjs',
  '/client-tabs.mjs.map': 'client-tabs.mjs.map',
  '/client.mjs': 'client.mjs',
  '/client.mjs.map': 'client.mjs.map',
};

const takesGzip = /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/;
const compress = promisify(gzip);
/** Each file as it was read last, and compressed: not anew for each page that loads it. */
const compressed = new Map<string, { readonly body: Buffer; readonly small: Promise<Buffer> }>();

function small(name: string, body: Buffer): Promise<Buffer> {
  const known = compressed.get(name);
  if (known?.body.equals(body)) return known.small;
  const fresh = { body, small: compress(body, { level: 9 }) };
  compressed.set(name, fresh);
  return fresh.small;
}

/** Which path takes a WebSocket, and whose, is for the handler of upgrades to say. */
const Request = webSocketRequest(() => true);

export async function openPages(
  config: Config,
  node: string,
  tls: Tls | undefined,
): Promise<FastifyInstance> {
  const app = (tls
    ? fastify({ https: { ...tls, IncomingMessage: Request } })
    : fastify({ http: { IncomingMessage: Request } })) as unknown as FastifyInstance<Server>;
  app.addHook('onRequest', async ({ raw }, reply) => {
    if (!(await requestTurn(raw, reply.raw))) return reply.hijack();
    reply.header('access-control-allow-origin', '*');
    // Without it a page that is isolated from other origins (COEP) may not load the script by a plain tag.
    reply.header('cross-origin-resource-policy', 'cross-origin');
  });
  for (const path of ['/info', '/comet-server/info']) {
    app.get(path, async () => ({ status: 'ok', node }));
  }
  for (const [path, name] of Object.entries(files)) {
    app.get(path, async ({ headers }, reply) => {
      const body = await readFile(new URL(name, sdk)).catch(() => undefined);
      if (body === undefined) {
        return reply.code(404).send({ error: 'The SDK is not built here: npm run build' });
      }
      const type = name.endsWith('.map') ? 'application/json' : 'text/javascript; charset=utf-8';
      reply.type(type).header('cache-control', 'public, max-age=300');
      reply.header('vary', 'accept-encoding');
      if (!takesGzip.test(headers['accept-encoding'] ?? '')) return reply.send(body);
      return reply.header('content-encoding', 'gzip').send(await small(name, body));
    });
  }
  app.get('/demo/config.json', async () => ({ appServer: config.demoUrl ?? null }));
  await app.register(fastifyStatic, { root: demo, prefix: '/demo', redirect: true });
  return app as unknown as FastifyInstance;
}
