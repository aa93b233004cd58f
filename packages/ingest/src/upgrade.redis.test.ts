/** A client that offers an upgrade nobody asked for gets the answer it would have got without it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { eventually, type RedisServer, startRedis } from '@encke/testing';
import { WebSocket } from 'ws';
import { apiKey, startTestIngest, type TestIngest } from './ingest.fixture.ts';
import { openStream } from './stream.fixture.ts';

let redis: RedisServer;
let ingest: TestIngest;
before(async () => {
  redis = await startRedis();
  ingest = await startTestIngest(redis.env);
});
after(async () => {
  await ingest?.stop();
  await redis?.stop();
});

/** One connection, one request after the other's answer. */
function keepAlive(port: number) {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (bytes) => {
    text += String(bytes);
  });
  return {
    socket,
    /** `parts` go out as packets of their own. @returns status line and body. */
    async ask(head: readonly string[], ...parts: readonly string[]) {
      text = '';
      const lines = [...head, 'host: x', `authorization: Bearer ${apiKey}`, '', ''];
      for (const part of [lines.join('\r\n'), ...parts]) {
        socket.write(part);
        await new Promise(setImmediate);
      }
      await eventually(() => {
        const [, length] = /content-length: (\d+)/i.exec(text) ?? [];
        assert.equal(text.split('\r\n\r\n')[1]?.length, Number(length));
      });
      const [answer = '', body = ''] = text.split('\r\n\r\n');
      return { status: answer.split('\r\n')[0], body };
    },
  };
}

/** What Java's HTTP client sends with every call unless it is told not to. */
const h2c = [
  'connection: Upgrade, HTTP2-Settings',
  'upgrade: h2c',
  'http2-settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
];

test('an offer of h2c is ignored, bodies are read in full, and the connection lives on', async () => {
  const { socket, ask } = keepAlive(ingest.running.port);
  try {
    const post = 'POST /v1/apps/1/users/7/messages HTTP/1.1';
    const json = 'content-type: application/json';
    const accepted = 'HTTP/1.1 202 Accepted';
    const body = '{"data":"hello"}';
    const sized = [post, json, `content-length: ${body.length}`, ...h2c];
    const whole = await ask(sized, body);
    assert.deepEqual([whole.status, JSON.parse(whole.body).seq], [accepted, 1]);
    const halves = await ask(sized, body.slice(0, 5), body.slice(5));
    assert.deepEqual([halves.status, JSON.parse(halves.body).seq], [accepted, 2]);
    const chunked = await ask(
      [post, json, 'transfer-encoding: chunked', ...h2c],
      `5\r\n${body.slice(0, 5)}\r\n`,
      `${(body.length - 5).toString(16)}\r\n${body.slice(5)}\r\n0\r\n\r\n`,
    );
    assert.deepEqual([chunked.status, JSON.parse(chunked.body).seq], [accepted, 3]);
    const user = await ask(['GET /v1/apps/1/users/7 HTTP/1.1', ...h2c]);
    assert.deepEqual([user.status, JSON.parse(user.body).queued], ['HTTP/1.1 200 OK', 3]);
    const page = await ask(['GET /docs/json HTTP/1.1', ...h2c]);
    assert.equal(page.status, 'HTTP/1.1 200 OK');
    const plain = await ask(['GET /v1/apps/1/users/7 HTTP/1.1']);
    assert.deepEqual(plain, user);
  } finally {
    socket.destroy();
  }
});

test('a WebSocket opens at the stream only; elsewhere the path answers as ever', async () => {
  const stream = await openStream(ingest.streamUrl());
  stream.socket.terminate();
  const host = ingest.url.replace('http', 'ws');
  const cases: readonly [path: string, status: number][] = [
    ['/docs/json', 200],
    ['/v1/apps/1/users/7', 200],
    ['/v1/apps/1/users/0', 400],
    ['/v1/apps/1/messages', 405],
    ['/nothing', 404],
    ['/nothing/v1/apps/1/stream', 404],
  ];
  for (const [path, status] of cases) {
    const socket = new WebSocket(host + path, { headers: { authorization: `Bearer ${apiKey}` } });
    socket.on('error', () => {});
    socket.on('open', () => socket.emit('answer'));
    socket.on('unexpected-response', (_request, response) => socket.emit('answer', response));
    const [response] = (await once(socket, 'answer')) as [IncomingMessage | undefined];
    assert.equal(response?.statusCode ?? 101, status, path);
    socket.terminate();
  }
  const query = await openStream(`${ingest.streamUrl()}?x=1`);
  query.socket.terminate();
});

test('an upgrade of another method than GET is ignored', async () => {
  const { socket, ask } = keepAlive(ingest.running.port);
  const websocket = ['connection: Upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'];
  const answer = await ask(['POST /v1/apps/1/stream HTTP/1.1', 'content-length: 0', ...websocket]);
  socket.destroy();
  assert.equal(answer.status, 'HTTP/1.1 405 Method Not Allowed');
});
