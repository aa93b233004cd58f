/** Streams when Redis, the peer or this process cannot keep up. Each test owns what it disturbs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, type RedisServer, startProxy, startRedis } from '@encke/testing';
import { startTestIngest, type TestIngest } from './ingest.fixture.ts';
import { openStream } from './stream.fixture.ts';

async function withIngest(
  env: Record<string, string>,
  work: (ingest: TestIngest, redis: RedisServer) => Promise<void>,
): Promise<void> {
  const redis = await startRedis();
  const ingest = await startTestIngest({ ...redis.env, ...env });
  try {
    await work(ingest, redis);
  } finally {
    redis.resume();
    await ingest.stop();
    await redis.stop();
  }
}

const line = (ref: number, user = 7) => ({ ref, user, data: ref });
const many = (count: number, from = 0) => Array.from({ length: count }, (_, i) => line(from + i));
/** Dead after well under a second of silence. */
const impatient = { ENCKE_PING_INTERVAL: '0.2', ENCKE_PONG_TIMEOUT: '0.2' };

test('reads no faster than Redis takes, loses nothing and keeps the order', () =>
  withIngest({ ...impatient, ENCKE_INBOX_MAX: '20000' }, async (ingest, redis) => {
    const stream = await openStream(ingest.streamUrl());
    redis.pause();
    for (let i = 0; i < 10; i += 1) stream.send(many(1_000, i * 1_000));
    await eventually(async () => assert.equal(await ingest.metric('encke_stream_inflight'), 1_000));
    // More than the limit is never taken, while the peer keeps sending.
    stream.send(many(2_000, 10_000));
    assert.equal(await ingest.metric('encke_stream_inflight'), 1_000);
    assert.equal(stream.answers.length, 0);
    redis.resume();
    await eventually(() => assert.equal(stream.answers.length, 12_000));
    assert.deepEqual(
      stream.answers.filter(({ error }) => error),
      [],
    );
    assert.equal(await ingest.metric('encke_stream_inflight'), 0);
    for (const { ref, seq } of stream.answers) assert.equal(seq, Number(ref) + 1);
    assert.equal(await ingest.metric('encke_stream_connections'), 1);
    stream.socket.terminate();
  }));

test('of long lines few wait for Redis at once: all of them must be answered in time', () =>
  withIngest({}, async (ingest, redis) => {
    const stream = await openStream(ingest.streamUrl());
    const data = 'x'.repeat(60_000);
    redis.pause();
    for (let ref = 0; ref < 200; ref += 1) stream.send([{ ref, user: 7, data }]);
    await eventually(async () => {
      const waiting = await ingest.metric('encke_stream_inflight');
      assert.ok(waiting >= 17, `${waiting} lines`);
    });
    stream.send([{ ref: 200, user: 7, data }]);
    assert.ok((await ingest.metric('encke_stream_inflight')) <= 18);
    redis.resume();
    await eventually(() => assert.equal(stream.answers.length, 201));
    for (const { ref, seq } of stream.answers) assert.equal(seq, Number(ref) + 1);
    stream.socket.terminate();
  }));

test('a frozen Redis answers every line with 503 in time, and the stream works again after', () =>
  withIngest({}, async (ingest, redis) => {
    const stream = await openStream(ingest.streamUrl());
    redis.pause();
    const start = performance.now();
    stream.send(many(100));
    await eventually(() => assert.equal(stream.answers.length, 100));
    assert.ok(performance.now() - start < 5_000);
    for (const { error } of stream.answers) {
      assert.equal(error?.status, 503);
      assert.match(error?.stored ?? '', /^(no|unknown)$/);
    }
    redis.resume();
    let ref = 1_000;
    await eventually(async () => {
      const mine = ref++;
      stream.send([line(mine)]);
      await eventually(() => assert.ok(stream.answers.some((answer) => answer.ref === mine)));
      assert.ok(stream.answers.find((answer) => answer.ref === mine)?.seq);
    });
    stream.socket.terminate();
  }));

test('a peer that does not read its answers stops being read, and is cut off', () =>
  withIngest({ ...impatient, ENCKE_SEND_BUFFER: '65536' }, async (ingest) => {
    const stream = await openStream(ingest.streamUrl());
    stream.socket.pause();
    // Each short bad line costs an answer of over a hundred bytes: all of them would be 500 MB.
    const frame = 'x\n'.repeat(250_000);
    for (let i = 0; i < 20; i += 1) stream.socket.send(frame);
    const before = process.memoryUsage().rss;
    await eventually(async () => assert.equal(await ingest.metric('encke_stream_connections'), 0));
    assert.ok(process.memoryUsage().rss - before < 100 * 1_048_576, 'answers piled up');
    stream.socket.terminate();
  }));

test('a half-open connection is noticed by its silence', () =>
  withIngest(impatient, async (ingest) => {
    const proxy = await startProxy({ target: new URL(ingest.url).host });
    try {
      const url = ingest.streamUrl().replace(new URL(ingest.url).host, `127.0.0.1:${proxy.port}`);
      const stream = await openStream(url);
      stream.send(many(1));
      await eventually(() => assert.equal(stream.answers.length, 1));
      proxy.stall();
      await eventually(async () =>
        assert.equal(await ingest.metric('encke_stream_connections'), 0),
      );
      stream.socket.terminate();
    } finally {
      await proxy.stop();
    }
  }));

test('an idle stream whose peer answers pings stays', () =>
  withIngest(impatient, async (ingest) => {
    const stream = await openStream(ingest.streamUrl());
    let pings = 0;
    stream.socket.on('ping', () => {
      pings += 1;
    });
    await eventually(() => assert.ok(pings >= 2));
    stream.send(many(1));
    await eventually(() => assert.equal(stream.answers.length, 1));
    stream.socket.terminate();
  }));
