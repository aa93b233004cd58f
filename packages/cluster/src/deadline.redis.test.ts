import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { User } from '@encke/protocol';
import { eventually, type RedisServer, startRedis } from '@encke/testing';
import { app, newUser, openTestCluster, phone, type TestCluster } from './cluster.fixture.ts';
import { openCluster } from './cluster.ts';
import { RedisUnavailable } from './unavailable.ts';

let redis: RedisServer;
before(async () => {
  redis = await startRedis();
});
after(async () => {
  redis?.resume();
  await redis?.stop();
});

const unavailable = (error: unknown) => error instanceof RedisUnavailable;

test('what reaches Redis while it stands still is not done later', async () => {
  const cluster = await openTestCluster(redis.url);
  try {
    const user = newUser();
    await cluster.users.setHash(app, user, 'key');
    await cluster.append(user, 'before');
    const node = await cluster.node();
    redis.pause();
    const started = performance.now();
    await Promise.all([
      assert.rejects(cluster.append(user, 'late'), unavailable),
      assert.rejects(node.attach(user, phone), unavailable),
    ]);
    const seconds = (performance.now() - started) / 1000;
    assert.ok(seconds > 1.9 && seconds < 6, `given up after ${seconds} s`);
    // From now on nobody waits any more.
    const again = performance.now();
    await assert.rejects(cluster.append(user, 'refused at once'), unavailable);
    assert.ok(performance.now() - again < 1_500);
    assert.equal(cluster.context.commands.available(), false);
    redis.resume();
    await eventually(() => cluster.append(user, 'after'));
    assert.deepEqual(await cluster.undelivered(user), ['before', 'after']);
    assert.deepEqual((await cluster.users.state(app, user)).sessions, []);
  } finally {
    redis.resume();
    await cluster.stop();
  }
});

test('a short pause is waited for', async () => {
  const cluster = await openTestCluster(redis.url);
  try {
    const user = newUser();
    await cluster.append(user, 'before');
    redis.pause();
    const sending = cluster.append(user, 'waits');
    setTimeout(() => redis.resume(), 100);
    assert.equal((await sending).seq, 2);
  } finally {
    redis.resume();
    await cluster.stop();
  }
});

for (const skew of [3_600_000, -3_600_000]) {
  test(`a clock that differs by ${skew} ms from Redis' is learnt, and keeps the order`, async (t) => {
    const real = performance.now.bind(performance);
    t.mock.method(performance, 'now', () => real() + skew);
    const cluster = await openTestCluster(redis.url);
    try {
      const user = newUser();
      const texts = Array.from({ length: 300 }, (_, i) => `m${i}`);
      const sent: Promise<unknown>[] = [];
      // A stream: the next message leaves before the first is answered.
      for (const text of texts) {
        sent.push(cluster.append(user, text));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.all(sent);
      assert.deepEqual(await cluster.undelivered(user), texts);
    } finally {
      await cluster.stop();
    }
  });

  test(`and with such a clock a late run does nothing either: ${skew}`, async (t) => {
    const real = performance.now.bind(performance);
    t.mock.method(performance, 'now', () => real() + skew);
    const cluster = await openTestCluster(redis.url);
    try {
      const user = newUser();
      await cluster.append(user, 'before');
      redis.pause();
      await assert.rejects(cluster.append(user, 'late'), unavailable);
      redis.resume();
      await eventually(() => cluster.append(user, 'after'));
      assert.deepEqual(await cluster.undelivered(user), ['before', 'after']);
    } finally {
      redis.resume();
      await cluster.stop();
    }
  });
}

/** Sends 300 texts, with `jump` in the middle of them. @returns the texts. */
async function assertOrder(
  cluster: TestCluster,
  user: User,
  jump: () => void,
): Promise<readonly string[]> {
  const texts = Array.from({ length: 300 }, (_, i) => `m${i}`);
  const sent: Promise<unknown>[] = [];
  for (const text of texts) {
    if (text === 'm150') jump();
    sent.push(cluster.append(user, text));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(sent);
  assert.deepEqual(await cluster.undelivered(user), texts);
  return texts;
}

for (const jump of [3_600_000, -3_600_000]) {
  test(`the clock of this process is set by ${jump} ms: the order stays, and a late run does nothing`, async (t) => {
    const real = Date.now.bind(Date);
    const cluster = await openTestCluster(redis.url);
    try {
      const user = newUser();
      const texts = await assertOrder(cluster, user, () => {
        t.mock.method(Date, 'now', () => real() + jump);
      });
      redis.pause();
      t.mock.method(Date, 'now', () => real() + 2 * jump);
      await assert.rejects(cluster.append(user, 'late'), unavailable);
      redis.resume();
      await eventually(() => cluster.append(user, 'after'));
      assert.deepEqual(await cluster.undelivered(user), [...texts, 'after']);
    } finally {
      redis.resume();
      await cluster.stop();
    }
  });
}

test('a script that is refused because of the clocks stays ahead of what was sent later', async (t) => {
  const real = performance.now.bind(performance);
  const cluster = await openTestCluster(redis.url);
  try {
    const user = newUser();
    await assertOrder(cluster, user, () => {
      // The clock of Redis was set ahead, or this machine has slept.
      t.mock.method(performance, 'now', () => real() - 3_600_000);
    });
  } finally {
    await cluster.stop();
  }
});

test('a process that may not wait long is told sooner, and nothing of it is done later', async () => {
  const patient = await openTestCluster(redis.url);
  const { config } = patient;
  const hasty = await openCluster(config, 600);
  try {
    const user = newUser();
    await eventually(() => hasty.append({ app, user, event: 'e', data: '"before"' }));
    await patient.append(user, 'before');
    redis.pause();
    const order: string[] = [];
    const failed = (who: string) => (error: unknown) => {
      order.push(who);
      return unavailable(error);
    };
    await Promise.all([
      assert.rejects(patient.append(user, 'late'), failed('patient')),
      assert.rejects(hasty.append({ app, user, event: 'e', data: '"late"' }), failed('hasty')),
    ]);
    assert.deepEqual(order, ['hasty', 'patient']);
    redis.resume();
    await eventually(() => hasty.append({ app, user, event: 'e', data: '"after"' }));
    assert.deepEqual(await patient.undelivered(user), ['before', 'before', 'after']);
  } finally {
    redis.resume();
    await hasty.close();
    await patient.stop();
  }
});
