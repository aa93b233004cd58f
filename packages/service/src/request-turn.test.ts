import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { setImmediate as tick } from 'node:timers/promises';
import { requestTurn } from './request-turn.ts';

test('of the requests of one connection the next begins when the answer before it was taken', async (t) => {
  const begun: ServerResponse[] = [];
  let asked = 0;
  let gone = 0;
  const server = createServer(async (request, response) => {
    asked += 1;
    if (await requestTurn(request, response)) begun.push(response);
    else gone += 1;
    server.emit('moved');
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const peer = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let text = '';
  peer.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  peer.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(5));
  await once(server, 'moved');
  await tick();
  assert.deepEqual([asked, begun.length], [5, 1]);
  const second = once(server, 'moved');
  begun[0]?.end('first');
  await second;
  await tick();
  assert.equal(begun.length, 2);
  assert.match(text, /first/);
  const rest = once(server, 'moved');
  peer.destroy();
  await rest;
  await tick();
  await tick();
  assert.deepEqual([begun.length, gone], [2, 3]);
});
