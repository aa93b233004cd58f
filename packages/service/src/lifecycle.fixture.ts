/** A process for lifecycle.test.ts; its behaviour is chosen by FIXTURE. Not part of the package. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, type Running, runProcess } from './lifecycle.ts';
import { readTls } from './pem.ts';

const behaviour = process.env.FIXTURE ?? '';

async function start({ config, log }: Context): Promise<Running> {
  if (behaviour === 'start-fails') throw new Error('cannot start');
  if (behaviour === 'serves-tls') readTls(config);
  const server = createServer((_request, response) => response.end('ok'));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.gatewayPort, config.host, resolve);
  });
  if (behaviour === 'crashes')
    setImmediate(() => {
      throw new Error('a bug');
    });
  return {
    port: (server.address() as AddressInfo).port,
    node: 'n1',
    unready: () => (behaviour === 'unready' ? 'Redis is away' : undefined),
    async drain() {
      log.warn('drained');
      if (behaviour === 'drains-slowly') await sleep(3_000);
      if (behaviour === 'drains-for-ever') await new Promise(() => {});
    },
    async stop() {
      log.warn('server closed');
      server.close();
    },
  };
}

await runProcess('gateway', process.env, start);
