/** Redis away: an error within its timeout, never a false 202, and work again as soon as it is back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, startRedis } from '@encke/testing';
import { type Answer, startTestIngest, type TestIngest } from './ingest.fixture.ts';

const messages = '/v1/apps/1/users/7/messages';
const channel = '/v1/apps/1/channels/news';
const slowest = 5_000;

async function timed(ask: () => Promise<Answer>): Promise<Answer> {
  const start = performance.now();
  const answer = await ask();
  assert.ok(performance.now() - start < slowest, 'the answer took too long');
  return answer;
}

async function refusesEverything({ call, running }: TestIngest, unready: string): Promise<void> {
  const calls: readonly [method: string, path: string, body?: unknown][] = [
    ['POST', messages, { data: 'refused' }],
    ['POST', '/v1/apps/1/messages', [{ user: 7, data: 'refused' }, { user: 0 }]],
    ['GET', messages],
    ['DELETE', messages],
    ['GET', '/v1/apps/1/users/7'],
    ['PUT', '/v1/apps/1/users/7/auth', { hash: 'x' }],
    ['DELETE', '/v1/apps/1/users/7/auth'],
    ['POST', '/v1/apps/1/users/7/disconnect', {}],
    ['POST', `${channel}/messages`, { data: 'refused' }],
    ['GET', `${channel}/messages`],
    ['DELETE', `${channel}/messages`],
    ['GET', channel],
    ['GET', `${channel}/subscribers`],
    ['PUT', `${channel}/settings`, { history: 3 }],
    ['GET', '/v1/status'],
  ];
  const answers = await Promise.all(
    calls.map(([method, path, body]) => timed(() => call(method, path, body))),
  );
  for (const [i, { status, headers, body }] of answers.entries()) {
    const problem = body as { stored: string; detail: string };
    assert.equal(status, 503, calls[i]?.join(' '));
    assert.equal(headers.get('retry-after'), '1');
    assert.match(problem.detail, /^Redis is away: /);
    assert.match(problem.stored, /^(no|unknown)$/);
  }
  await eventually(() => assert.equal(running.unready(), unready));
}

async function worksAgain({ call, running }: TestIngest, data: string): Promise<void> {
  await eventually(async () => {
    assert.equal((await call('POST', messages, { data, idempotencyKey: data })).status, 202);
  });
  await eventually(() => assert.equal(running.unready(), undefined));
}

const stored = async ({ call }: TestIngest) =>
  ((await call('GET', messages)).body as { messages: { data: unknown }[] }).messages.map(
    ({ data }) => data,
  );

test('a frozen Redis: 503 in time, nothing of it is stored later, then 202 again', async () => {
  const redis = await startRedis();
  const ingest = await startTestIngest(redis.env);
  try {
    await worksAgain(ingest, 'before');
    redis.pause();
    await refusesEverything(ingest, 'Redis is away');
    redis.resume();
    await worksAgain(ingest, 'after');
    assert.deepEqual(await stored(ingest), ['before', 'after']);
  } finally {
    redis.resume();
    await ingest.stop();
    await redis.stop();
  }
});

test('a dead Redis: 503 in time, and 202 again once it is back', async () => {
  const redis = await startRedis();
  const ingest = await startTestIngest(redis.env);
  try {
    await worksAgain(ingest, 'before');
    await redis.kill();
    await refusesEverything(ingest, 'Redis is away: ECONNREFUSED');
    await redis.restartEmpty();
    await worksAgain(ingest, 'after');
    assert.deepEqual(await stored(ingest), ['after']);
  } finally {
    await ingest.stop();
    await redis.stop();
  }
});

test('ingest starts while Redis is away and serves once it is there', async () => {
  const redis = await startRedis();
  await redis.kill();
  const ingest = await startTestIngest(redis.env);
  try {
    await refusesEverything(ingest, 'Redis is away: ECONNREFUSED');
    await redis.restartEmpty();
    await worksAgain(ingest, 'first');
  } finally {
    await ingest.stop();
    await redis.stop();
  }
});
