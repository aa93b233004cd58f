/** The admin port of a process: is it alive, may it get traffic, its metrics. For the operator's network only. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';

export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  readonly metrics: Metrics;
  /** undefined: ready for traffic; else why not. */
  readonly unready: () => string | undefined;
}

export interface Admin {
  readonly port: number;
  stop(): Promise<void>;
}

const plain = 'text/plain; charset=utf-8';

async function answer(
  options: AdminOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const send = (status: number, text: string, type = plain) =>
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    send(405, 'only GET\n');
    return;
  }
  switch (request.url?.split('?', 1)[0]) {
    case '/healthz':
      send(200, 'alive\n');
      return;
    case '/readyz': {
      const why = options.unready();
      if (why === undefined) send(200, 'ready\n');
      else send(503, `${why}\n`);
      return;
    }
    case '/metrics':
      send(200, await options.metrics.text(), options.metrics.registry.contentType);
      return;
    default:
      send(404, 'there are /healthz, /readyz and /metrics\n');
  }
}

export function startAdmin(options: AdminOptions): Promise<Admin> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: Error) =>
      response.writeHead(500, { 'content-type': plain }).end(`${error.message}\n`),
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve({
        port: (server.address() as AddressInfo).port,
        stop: () =>
          new Promise((stopped) => {
            server.close(() => stopped());
            server.closeAllConnections();
          }),
      });
    });
  });
}
