import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { App } from '@encke/protocol';
import { eventually, type RedisServer, startRedis } from '@encke/testing';
import { app, newUser, openTestCluster, phone, type TestCluster } from './cluster.fixture.ts';
import { RedisUnavailable } from './unavailable.ts';
import { UserData } from './user-data.ts';

let redis: RedisServer;
let cluster: TestCluster;
let data: UserData;
before(async () => {
  redis = await startRedis();
  cluster = await openTestCluster(redis.url);
  data = new UserData(cluster.context);
});
after(async () => {
  await cluster?.stop();
  await redis?.stop();
});

test('the stored hash can be read, and removing it says whether there was one', async () => {
  const user = newUser();
  assert.equal(await cluster.users.hash(app, user), undefined);
  await cluster.users.setHash(app, user, '');
  assert.equal(await cluster.users.hash(app, user), '');
  await cluster.users.setHash(app, user, 'key');
  assert.equal(await cluster.users.hash(app, user), 'key');
  const node = await cluster.node();
  await node.attach(user, phone);
  assert.equal(await cluster.users.removeHash(app, user), true);
  await eventually(() => assert.deepEqual(node.closed, [`${app}:${user} signedOut`]));
  assert.equal(await cluster.users.removeHash(app, user), false);
  assert.equal(await cluster.users.hash(app, user), undefined);
});

test('public data is stored per user and app, and removed', async () => {
  const user = newUser();
  assert.equal(await data.get(app, user), undefined);
  await data.set(app, user, '{"name":"Ä\u{1F600}\\n"}');
  await data.set(2 as App, user, '2');
  assert.equal(await data.get(app, user), '{"name":"Ä\u{1F600}\\n"}');
  await data.set(app, user, 'null');
  assert.equal(await data.get(app, user), 'null');
  assert.equal(await data.remove(app, user), true);
  assert.equal(await data.remove(app, user), false);
  assert.equal(await data.get(app, user), undefined);
  assert.equal(await data.get(2 as App, user), '2');
});

test('while Redis is away nothing is said to be stored', async () => {
  const user = newUser();
  redis.pause();
  try {
    await assert.rejects(data.set(app, user, '1'), RedisUnavailable);
    await assert.rejects(data.get(app, user), RedisUnavailable);
  } finally {
    redis.resume();
  }
  await eventually(async () => assert.equal(await data.get(app, user), undefined));
});
