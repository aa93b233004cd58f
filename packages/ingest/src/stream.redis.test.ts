/** The stream of a busy application server: answers, order, pressure, faults. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { eventually, type RedisServer, startRedis } from '@encke/testing';
import { WebSocket } from 'ws';
import { apiKey, startTestIngest, type TestIngest } from './ingest.fixture.ts';
import { openStream, type TestStream } from './stream.fixture.ts';

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

async function withStream(work: (stream: TestStream) => Promise<void>): Promise<void> {
  const stream = await openStream(ingest.streamUrl());
  try {
    await work(stream);
  } finally {
    stream.socket.terminate();
  }
}

const stored = async (user: number) =>
  (
    (await ingest.call('GET', `/v1/apps/1/users/${user}/messages`)).body as {
      messages: { data: unknown }[];
    }
  ).messages.map(({ data }) => data);

test('every line is answered with its ref, in few frames', () =>
  withStream(async (stream) => {
    const lines = Array.from({ length: 500 }, (_, i) => ({ ref: i, user: 1 + (i % 5), data: i }));
    stream.send(lines);
    await eventually(() => assert.equal(stream.answers.length, 500));
    for (const answer of stream.answers) {
      const i = Number(answer.ref);
      assert.deepEqual(Object.keys(answer), ['ref', 'id', 'seq', 'sessions', 'queued']);
      assert.equal(answer.seq, Math.floor(i / 5) + 1);
      assert.match(answer.id ?? '', /^[a-z0-9]+-\d+$/);
      assert.deepEqual([answer.sessions, answer.queued], [0, true]);
    }
    assert.equal(new Set(stream.answers.map(({ ref }) => ref)).size, 500);
    assert.ok(stream.frames < 50, `${stream.frames} frames`);
    assert.deepEqual(
      await stored(1),
      lines.filter(({ user }) => user === 1).map(({ data }) => data),
    );
  }));

test('one line a frame, blank lines and a last line break are fine', () =>
  withStream(async (stream) => {
    stream.socket.send('{"ref":"a","user":11,"data":1}');
    stream.socket.send('\n\r\n{"ref":"b","user":11,"data":2}\r\n\n');
    await eventually(() => assert.equal(stream.answers.length, 2));
    assert.deepEqual(stream.answers.map(({ ref }) => ref).sort(), ['a', 'b']);
    assert.deepEqual(await stored(11), [1, 2]);
  }));

test('a bad line is answered as such and the stream lives on', () =>
  withStream(async (stream) => {
    stream.socket.send(
      [
        'nonsense',
        '{"user":12,"data":1}',
        '{"ref":1,"user":0,"data":1}',
        '{"ref":2,"channel":"n","data":1}',
        `{"ref":3,"user":12,"data":"${'x'.repeat(65_537)}"}`,
        '{"ref":4,"user":12,"data":"good"}',
      ].join('\n'),
    );
    await eventually(() => assert.equal(stream.answers.length, 6));
    const shown = stream.answers.map(({ ref, seq, error }) => [
      ref,
      seq ?? [error?.status, error?.field, error?.detail],
    ]);
    assert.deepEqual(
      shown.sort((a, b) => Number(a[0] ?? -1) - Number(b[0] ?? -1)),
      [
        [null, [400, 'line', '`line` must be valid JSON']],
        [null, [400, 'ref', '`ref` must be a number or a string of at most 64 characters']],
        [1, [400, 'user', '`user` must be an integer from 1 to 999999999']],
        [2, [400, 'channel', '`channel` must be 3 to 64 characters of A-Z a-z 0-9 _ -']],
        [3, [413, 'data', '`data` must be at most 65536 bytes']],
        [4, 1],
      ],
    );
  }));

test('an idempotency key holds across streams', () =>
  withStream((first) =>
    withStream(async (second) => {
      const line = { user: 13, data: 'once', idempotencyKey: 'k' };
      first.send([{ ref: 1, ...line }]);
      await eventually(() => assert.equal(first.answers.length, 1));
      second.send([{ ref: 1, ...line }]);
      await eventually(() => assert.equal(second.answers.length, 1));
      assert.deepEqual(second.answers, first.answers);
      assert.deepEqual(await stored(13), ['once']);
    }),
  ));

test('frames that no peer should send close the stream with the right code', async () => {
  const cases: readonly [what: string, code: number, send: (socket: WebSocket) => void][] = [
    ['binary', 1003, (socket) => socket.send(Buffer.from('{}'))],
    ['not UTF-8', 1007, (socket) => socket.send(Buffer.from([0xff]), { binary: false })],
    ['over 1 MiB', 1009, (socket) => socket.send('x'.repeat(1_048_577))],
  ];
  for (const [what, code, send] of cases) {
    const stream = await openStream(ingest.streamUrl());
    send(stream.socket);
    assert.equal(await stream.closed, code, what);
  }
});

test('the door: without the key 401, with a bad app 400, as plain HTTP 426', async () => {
  const cases: readonly [url: string, authorization: string, status: number][] = [
    [ingest.streamUrl(), 'Bearer wrong', 401],
    [ingest.streamUrl(), '', 401],
    [ingest.streamUrl(-1), `Bearer ${apiKey}`, 400],
    [ingest.streamUrl().replace('stream', 'nothing'), `Bearer ${apiKey}`, 404],
  ];
  for (const [url, authorization, status] of cases) {
    const socket = new WebSocket(url, { headers: { authorization } });
    const [, response] = (await once(socket, 'unexpected-response')) as [
      unknown,
      { statusCode: number; headers: Record<string, string>; destroy(): void },
    ];
    assert.equal(response.statusCode, status);
    assert.match(response.headers['content-type'] ?? '', /problem\+json/);
    response.destroy();
    socket.on('error', () => {});
    socket.terminate();
  }
  assert.equal((await ingest.call('GET', '/v1/apps/1/stream')).status, 426);
  await eventually(async () => assert.equal(await ingest.metric('encke_stream_connections'), 0));
});
