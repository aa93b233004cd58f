import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RedisServer, startRedis } from '@encke/testing';
import { app, newUser, openTestCluster, phone, type TestCluster } from './cluster.fixture.ts';

let redis: RedisServer;
let cluster: TestCluster;
before(async () => {
  redis = await startRedis();
  cluster = await openTestCluster(redis.url);
});
after(async () => {
  await cluster?.stop();
  await redis?.stop();
});

test('[D12] the second send gets the first answer and stores nothing', async () => {
  const user = newUser();
  const first = await cluster.append(user, 'once', { idempotencyKey: 'k' });
  const again = await cluster.append(user, 'something else', { idempotencyKey: 'k' });
  assert.deepEqual(again, first);
  assert.deepEqual(await cluster.undelivered(user), ['once']);
});

test('[D12] also when the user has come online meanwhile', async () => {
  const user = newUser();
  await cluster.users.setHash(app, user, 'key');
  const first = await cluster.append(user, 'once', { idempotencyKey: 'k' });
  const node = await cluster.node();
  await node.attach(user, phone);
  assert.deepEqual(await cluster.append(user, 'once', { idempotencyKey: 'k' }), first);
  assert.deepEqual(node.messages, []);
});

test('[D12] of twins in one call the first is stored, told and counted, once', async () => {
  const user = newUser();
  await cluster.users.setHash(app, user, 'key');
  const node = await cluster.node();
  await node.attach(user, phone);
  const { appended, repeated, told } = cluster.stats;
  const answers = await Promise.all([
    cluster.append(user, 'a', { idempotencyKey: 'k' }),
    cluster.append(user, 'between'),
    cluster.append(user, 'twin', { idempotencyKey: 'k' }),
    cluster.append(user, 'third', { idempotencyKey: 'k' }),
  ]);
  assert.deepEqual(answers[2], answers[0]);
  assert.deepEqual(answers[3], answers[0]);
  assert.deepEqual(
    answers.map(({ seq, sessions }) => [seq, sessions]),
    [
      [1, 1],
      [2, 1],
      [1, 1],
      [1, 1],
    ],
  );
  assert.deepEqual(await cluster.undelivered(user), ['a', 'between']);
  const { stats } = cluster;
  assert.deepEqual(
    [stats.appended - appended, stats.repeated - repeated, stats.told - told],
    [2, 2, 2],
  );
});

test('[D12] twins in two calls of one round trip', async () => {
  const user = newUser();
  // More than one script call takes.
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => cluster.append(user, 'x', { idempotencyKey: 'k' })),
  );
  assert.equal(new Set(answers.map(({ id }) => id)).size, 1);
  assert.deepEqual(await cluster.undelivered(user), ['x']);
});

test('[D12] a key is remembered for an hour and belongs to one user', async () => {
  const [user, other] = [newUser(), newUser()];
  await cluster.append(user, 'mine', { idempotencyKey: 'k' });
  await cluster.append(other, 'also mine', { idempotencyKey: 'k' });
  assert.deepEqual(await cluster.undelivered(other), ['also mine']);
  const left = Number(await redis.cli('PTTL', cluster.keysOf(user).idempotency('k')));
  assert.ok(left > 3_590_000 && left <= 3_600_000, `${left} ms`);
});

test('[D12] a repeated send does not prolong that', async () => {
  const user = newUser();
  const key = cluster.keysOf(user).idempotency('k');
  await cluster.append(user, 'x', { idempotencyKey: 'k' });
  await redis.cli('PEXPIRE', key, 50_000);
  await cluster.append(user, 'x', { idempotencyKey: 'k' });
  assert.ok(Number(await redis.cli('PTTL', key)) <= 50_000);
});

test('[D12] after that the key is as new', async () => {
  const user = newUser();
  await cluster.append(user, 'x', { idempotencyKey: 'k' });
  await redis.cli('DEL', cluster.keysOf(user).idempotency('k'));
  assert.equal((await cluster.append(user, 'y', { idempotencyKey: 'k' })).seq, 2);
});
