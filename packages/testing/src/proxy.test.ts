import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { eventually } from './eventually.ts';
import { startProxy } from './proxy.ts';

test('the proxy passes, delays, stalls, heals and cuts', async (t) => {
  const echo = createServer((socket) => socket.on('error', () => {}).pipe(socket));
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  t.after(() => echo.close());
  const proxy = await startProxy({ target: (echo.address() as AddressInfo).port });
  t.after(() => proxy.stop());
  const client = (): { socket: ReturnType<typeof connect>; text: () => string } => {
    let text = '';
    const socket = connect(proxy.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    return { socket, text: () => text };
  };

  const first = client();
  first.socket.write('a');
  await eventually(() => assert.equal(first.text(), 'a'));
  proxy.delay(100);
  const sent = performance.now();
  first.socket.write('b');
  await eventually(() => assert.equal(first.text(), 'ab'));
  assert.ok(performance.now() - sent >= 190);
  proxy.delay(0);

  proxy.stall();
  first.socket.write('c');
  const second = client();
  await once(second.socket, 'connect');
  await eventually(() => assert.equal(proxy.open, 2));
  const failed = once(first.socket, 'error');
  proxy.heal();
  const [error] = (await failed) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNRESET');
  assert.equal(first.text(), 'ab');

  const third = client();
  third.socket.write('d');
  await eventually(() => assert.equal(third.text(), 'd'));
  const reset = once(third.socket, 'error');
  proxy.cut();
  await reset;
  assert.equal(proxy.open, 0);
  assert.equal(proxy.accepted, 3);
});
