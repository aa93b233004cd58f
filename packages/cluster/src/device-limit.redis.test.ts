import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Device, User } from '@encke/protocol';
import { eventually, type RedisServer, startRedis } from '@encke/testing';
import { app, newUser, openTestCluster, type TestCluster } from './cluster.fixture.ts';

let redis: RedisServer;
let cluster: TestCluster;
before(async () => {
  redis = await startRedis();
  cluster = await openTestCluster(redis.url, { deviceLimit: 3 });
});
after(async () => {
  await cluster?.stop();
  await redis?.stop();
});

const device = (name: string) => name as Device;

async function knownUser() {
  const user = newUser();
  await cluster.users.setHash(app, user, 'key');
  return user;
}

/** The clock that decides who is older counts whole milliseconds. */
async function nextMillisecond(): Promise<void> {
  const now = Date.now();
  await eventually(() => assert.ok(Date.now() > now + 1, 'the same millisecond'), { every: 1 });
}

const devicesOf = async (user: User) =>
  (await cluster.users.state(app, user)).sessions.map((session) => session.device);

test('[D13] one device too many ends the oldest, over all gateways, and its gateway is told', async () => {
  const user = await knownUser();
  const [one, other] = await Promise.all([cluster.node(), cluster.node()]);
  const oldest = await one.attach(user, device('a'));
  for (const name of ['b', 'c']) {
    await nextMillisecond();
    await other.attach(user, device(name));
  }
  await nextMillisecond();
  await other.attach(user, device('d'));
  assert.deepEqual(await devicesOf(user), ['b', 'c', 'd']);
  await eventually(() => assert.deepEqual(one.evicted, [oldest.ref.session]));
  assert.deepEqual(other.evicted, []);
});

test('[D13] the newest wins, also when all come at once', async () => {
  const user = await knownUser();
  const node = await cluster.node();
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
    await node.attach(user, device(name));
    await nextMillisecond();
  }
  assert.deepEqual(await devicesOf(user), ['e', 'f', 'g']);
  await eventually(() => assert.equal(node.evicted.length, 4));
});

test('[D13] a device that comes again does not end another one', async () => {
  const user = await knownUser();
  const node = await cluster.node();
  for (const name of ['a', 'b', 'c', 'c', 'b', 'a']) await node.attach(user, device(name));
  assert.deepEqual(new Set(await devicesOf(user)), new Set(['a', 'b', 'c']));
});

test('[D13] the one that was evicted leaves no position behind', async () => {
  const user = await knownUser();
  const node = await cluster.node();
  for (const name of ['a', 'b', 'c', 'd']) {
    await node.attach(user, device(name));
    await nextMillisecond();
  }
  const cursors = (await redis.cli('HGETALL', cluster.keysOf(user).cursors)) as string[];
  assert.ok(!cursors.some((value) => value.endsWith(' a')));
});

test('[D13] a late detach of the evicted one changes nothing', async () => {
  const user = await knownUser();
  const node = await cluster.node();
  const first = await node.attach(user, device('a'));
  for (const name of ['b', 'c', 'd']) {
    await nextMillisecond();
    await node.attach(user, device(name));
  }
  await node.registry.detach({ ...first.ref, epoch: first.epoch, cursor: 0 });
  assert.deepEqual(await devicesOf(user), ['b', 'c', 'd']);
});

test('nor does a gateway keep the user of an evicted session in its index', async () => {
  const user = await knownUser();
  const [losing, other] = await Promise.all([cluster.node(), cluster.node()]);
  const { ref, epoch } = await losing.attach(user, device('a'));
  for (const name of ['b', 'c', 'd']) {
    await nextMillisecond();
    await other.attach(user, device(name));
  }
  const { keys } = cluster.context;
  const index = keys.nodeIndex(cluster.keysOf(user).partition, losing.registry.node);
  assert.equal(await redis.cli('SISMEMBER', index, `${app}:${user}`), 1);
  await losing.registry.detach({ ...ref, epoch, cursor: 0 });
  assert.equal(await redis.cli('SISMEMBER', index, `${app}:${user}`), 0);
  assert.deepEqual(await devicesOf(user), ['b', 'c', 'd']);
});

test('a loser on a gateway that is dead takes its other sessions along', async () => {
  const user = await knownUser();
  const [dead, alive] = await Promise.all([cluster.node({ listens: false }), cluster.node()]);
  for (const name of ['a', 'b']) {
    await dead.attach(user, device(name));
    await nextMillisecond();
  }
  await alive.attach(user, device('c'));
  await alive.attach(user, device('d'));
  assert.deepEqual(await devicesOf(user), ['c', 'd']);
  // Nobody was evicted in earnest: device b finds its position when it comes back.
  assert.equal((await alive.attach(user, device('b'))).resumed, true);
});

test('registering again keeps to the limit too: the evicted one hears it late', async () => {
  const user = await knownUser();
  const [resubscribing, other] = await Promise.all([
    cluster.node({ listens: false }),
    cluster.node(),
  ]);
  const first = await resubscribing.attach(user, device('a'));
  for (const name of ['b', 'c', 'd']) {
    await nextMillisecond();
    await other.attach(user, device(name));
  }
  resubscribing.bus.start();
  await eventually(() => assert.ok(resubscribing.bus.up(), 'not subscribed yet'));
  const { ref, since, epoch } = first;
  await resubscribing.registry.register({ ...ref, since, epoch, sent: 0, sentTime: 0, cursor: 0 });
  await eventually(() => assert.deepEqual(resubscribing.evicted, [ref.session]));
  assert.deepEqual(await devicesOf(user), ['b', 'c', 'd']);
});

test('a device has 16 sessions at most', async () => {
  const user = await knownUser();
  const node = await cluster.node();
  const sessions: string[] = [];
  for (let i = 0; i < 17; i++) {
    sessions.push((await node.attach(user, device('a'))).ref.session);
    await nextMillisecond();
  }
  assert.equal((await devicesOf(user)).length, 16);
  await eventually(() => assert.deepEqual(node.evicted, [sessions[0]]));
});
