import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RedisServer, startProxy, startRedis } from '@encke/testing';
import { startTestIngest, type TestIngest } from './ingest.fixture.ts';

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

interface Result {
  readonly seq?: number;
  readonly error?: { readonly status: number; readonly field?: string; readonly detail: string };
}

const path = '/v1/apps/1/messages';

async function batch(items: unknown): Promise<readonly Result[]> {
  const answer = await ingest.call('POST', path, items);
  assert.equal(answer.status, 202);
  return (answer.body as { results: Result[] }).results;
}

test('a batch is answered item by item, and a fault in one fails only that one', async () => {
  const results = await batch([
    { user: 1, data: 'a' },
    { user: 0, data: 'b' },
    { user: 1, data: 'c' },
    5,
    { user: 2, event: 'a b', data: 'd' },
    { user: 2 },
    { user: 2, data: 'x'.repeat(65_537) },
    { user: 2, data: 'e', stray: 1 },
    { user: 2, data: 'f' },
  ]);
  assert.deepEqual(
    results.map(({ seq, error }) => seq ?? [error?.status, error?.field]),
    [
      1,
      [400, 'user'],
      2,
      [400, 'message'],
      [400, 'event'],
      [400, 'data'],
      [413, 'data'],
      [400, 'stray'],
      1,
    ],
  );
  const { body } = await ingest.call('GET', '/v1/apps/1/users/1/messages');
  assert.deepEqual(
    (body as { messages: { data: unknown }[] }).messages.map(({ data }) => data),
    ['a', 'c'],
  );
});

test("a thousand messages of mixed users keep each user's order", async () => {
  const items = Array.from({ length: 1_000 }, (_, i) => ({ user: 100 + (i % 7), data: i }));
  const results = await batch(items);
  assert.equal(results.length, 1_000);
  for (const [i, { seq }] of results.entries()) assert.equal(seq, Math.floor(i / 7) + 1);
});

test('an empty batch has no results', async () => assert.deepEqual(await batch([]), []));

test('what is no batch is refused as a whole', async () => {
  const rule = '`body` must be an array of at most 1000 messages';
  const cases: readonly [body: unknown, detail: string][] = [
    [{ user: 1, data: 1 }, rule],
    ['null', rule],
    [undefined, rule],
    [Array.from({ length: 1_001 }, () => ({ user: 1, data: 1 })), rule],
    ['[{"user":1,"data":1}', '`body` must be valid JSON'],
  ];
  for (const [body, detail] of cases) {
    const answer = await ingest.call('POST', path, body);
    assert.equal(answer.status, 400);
    assert.deepEqual((answer.body as { detail: string }).detail, detail);
  }
  const big = await ingest.call('POST', path, `["${'x'.repeat(16 * 1_048_576)}"]`);
  assert.equal(big.status, 413);
});

test('what is too much for one answer in time of Redis goes there in parts', async (t) => {
  const proxy = await startProxy({ target: redis.port });
  t.after(() => proxy.stop());
  const distant = await startTestIngest({ ENCKE_REDIS_URL: `redis://${proxy.address}` });
  t.after(() => distant.stop());
  // 15 MB, through a line that takes three seconds and more for them.
  proxy.narrow(12);
  const text = 'x'.repeat(60_000);
  const items = Array.from({ length: 250 }, (_, i) => ({ user: (i % 5) + 1, data: text }));
  const { status, body } = await distant.call('POST', path, items);
  assert.equal(status, 202);
  for (const [i, { seq }] of (body as { results: Result[] }).results.entries())
    assert.equal(seq, Math.floor(i / 5) + 1);
});
