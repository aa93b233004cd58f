import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../bin/health.mjs', import.meta.url));

const ask = (port: string | number, ...args: readonly string[]) =>
  new Promise<{ code: number; out: string; notes: string }>((resolve) => {
    const env = { ...process.env, ENCKE_HOST: '', ENCKE_ADMIN_PORT: String(port) };
    execFile(process.execPath, [program, ...args], { env }, (error, out, notes) =>
      resolve({ code: Number(error?.code ?? 0), out, notes }),
    );
  });

test('a health check ends with 0 when the process answers 200, else with 1', async () => {
  const server = createServer(({ url }, response) => {
    response.writeHead(url === '/healthz' ? 200 : 503).end(`${url}\n`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    assert.deepEqual(await ask(port), { code: 0, out: '/healthz\n', notes: '' });
    assert.deepEqual(await ask(port, '/readyz'), { code: 1, out: '/readyz\n', notes: '' });
  } finally {
    server.close();
    server.closeAllConnections();
  }
  const gone = await ask(port);
  assert.equal(gone.code, 1);
  assert.match(gone.notes, /^.*ECONNREFUSED.*\n$/);
});

test('a port that is none is said in one line', async () => {
  for (const port of ['abc', '0', '65536', '1.5'])
    assert.deepEqual(await ask(port), {
      code: 1,
      out: '',
      notes: 'ENCKE_ADMIN_PORT must be a port from 1 to 65535 to be asked\n',
    });
});
