import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { User } from '@encke/protocol';
import { eventually, startRedis, startRedisCluster } from '@encke/testing';
import calculateSlot from 'cluster-key-slot';
import { app, newUser, openTestCluster } from './cluster.fixture.ts';

const stored = async (cluster: Awaited<ReturnType<typeof openTestCluster>>, user: User) =>
  eventually(() => cluster.undelivered(user), { timeout: 15_000 });

test('what was in flight when a connection broke is never sent a second time', async () => {
  const redis = await startRedis();
  const cluster = await openTestCluster(redis.url);
  try {
    const user = newUser();
    // No answer to the append comes back on this connection.
    void cluster.redis('client', 'reply', 'OFF').catch(() => {});
    const sending = assert.rejects(cluster.append(user, 'once'));
    await eventually(async () => assert.equal(await redis.cli('EXISTS', cluster.keysOf(user).inbox), 1));
    await redis.cli('CLIENT', 'KILL', 'TYPE', 'normal');
    await sending;
    assert.deepEqual(await stored(cluster, user), ['once']);
  } finally {
    await cluster.stop();
    await redis.stop();
  }
});

test('nor in a Cluster', async () => {
  const redis = await startRedisCluster();
  const cluster = await openTestCluster(redis.url, { redis: { url: redis.url, mode: 'cluster' } });
  try {
    await eventually(() => cluster.append(newUser(), 'is it up?'));
    const master = (key: string) => Math.floor(calculateSlot(key) / Math.ceil(16_384 / 3));
    let user = newUser();
    while (master(cluster.keysOf(user).record) !== master('reply')) user = newUser();
    void cluster.redis('client', 'reply', 'OFF').catch(() => {});
    const sending = cluster.append(user, 'once').catch(() => {});
    const server = redis.masters[master('reply')];
    await eventually(async () =>
      assert.equal(await server?.cli('EXISTS', cluster.keysOf(user).inbox), 1),
    );
    await server?.cli('CLIENT', 'KILL', 'TYPE', 'normal');
    await sending;
    assert.deepEqual(await stored(cluster, user), ['once']);
  } finally {
    await cluster.stop();
    await redis.stop();
  }
});

for (const [what, url] of [
  ['a bare address', '127.0.0.1:PORT'],
  ['redis://', 'redis://127.0.0.1:PORT'],
  ['a database', 'redis://127.0.0.1:PORT/3'],
  ['a trailing slash', 'redis://127.0.0.1:PORT/'],
  ['a password with reserved characters', 'redis://:p%40ss%3A%2F@127.0.0.1:PORT'],
  ['a user and a password', 'redis://default:p%40ss%3A%2F@127.0.0.1:PORT/1'],
] as const) {
  test(`an address may be ${what}`, async () => {
    const needs = url.includes('@') ? ['--requirepass', 'p@ss:/'] : [];
    const redis = await startRedis().then(async (started) => {
      const [, word] = needs;
      if (word !== undefined) await started.cli('CONFIG', 'SET', 'requirepass', word);
      return started;
    });
    const cluster = await openTestCluster(url.replace('PORT', String(redis.port)));
    try {
      await cluster.users.setHash(app, newUser(), 'key');
    } finally {
      await cluster.stop();
      await redis.stop();
    }
  });
}
