import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RedisServer, startRedis } from '@encke/testing';
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

const messages = (user: number) => `/v1/apps/1/users/${user}/messages`;
const stored = async (user: number) =>
  (
    (await ingest.call('GET', messages(user))).body as { messages: { data: unknown }[] }
  ).messages.map(({ data }) => data);

test('a second send with the same key gets the first answer and stores nothing', async () => {
  const first = await ingest.call('POST', messages(1), { data: 'once', idempotencyKey: 'k' });
  await ingest.call('POST', messages(1), { data: 'between' });
  const again = await ingest.call('POST', messages(1), { data: 'other', idempotencyKey: 'k' });
  assert.equal(again.status, 202);
  assert.deepEqual(again.body, first.body);
  assert.deepEqual(await stored(1), ['once', 'between']);
});

test("the key is the user's own", async () => {
  for (const user of [2, 3])
    await ingest.call('POST', messages(user), { data: user, idempotencyKey: 'same' });
  assert.deepEqual([await stored(2), await stored(3)], [[2], [3]]);
});

test('of sends that race, one is stored and all get its answer', async () => {
  const other = await startTestIngest({
    ...redis.env,
    ENCKE_REDIS_PREFIX: ingest.config.prefix,
  });
  try {
    for (let round = 0; round < 20; round += 1) {
      const body = { data: round, idempotencyKey: `race-${round}` };
      const answers = await Promise.all(
        [ingest, other, ingest, other].map(({ call }) => call('POST', messages(4), body)),
      );
      assert.equal(new Set(answers.map((answer) => JSON.stringify(answer.body))).size, 1);
    }
    assert.deepEqual(
      await stored(4),
      Array.from({ length: 20 }, (_, i) => i),
    );
  } finally {
    await other.stop();
  }
});

test('also within one batch', async () => {
  const item = { user: 5, data: 'x', idempotencyKey: 'k' };
  const { body } = await ingest.call('POST', '/v1/apps/1/messages', [item, item]);
  const [first, second] = (body as { results: unknown[] }).results;
  assert.deepEqual(first, second);
  assert.deepEqual(await stored(5), ['x']);
});
