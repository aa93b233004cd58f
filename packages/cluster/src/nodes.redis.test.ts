import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { User } from '@encke/protocol';
import { eventually, type RedisServer, startRedis } from '@encke/testing';
import {
  app,
  laptop,
  newUser,
  openTestCluster,
  phone,
  type TestCluster,
  type TestNode,
} from './cluster.fixture.ts';

let redis: RedisServer;
before(async () => {
  redis = await startRedis();
});
after(() => redis?.stop());

async function withCluster(run: (cluster: TestCluster) => Promise<void>): Promise<void> {
  const cluster = await openTestCluster(redis.url, { offlineGrace: 3 });
  try {
    await run(cluster);
  } finally {
    await cluster.stop();
  }
}

async function arrive(cluster: TestCluster, node: TestNode, user: User, device = phone) {
  await cluster.users.setHash(app, user, 'key');
  return node.attach(user, device);
}

const beat = (cluster: TestCluster, node: TestNode, age: number) =>
  redis.cli('ZADD', cluster.context.keys.nodes, Date.now() - age, node.id);

test('a node is swept at the second look at the same old beat', () =>
  withCluster(async (cluster) => {
    const [dead, alive] = await Promise.all([cluster.node(), cluster.node()]);
    const users = Array.from({ length: 150 }, newUser);
    for (const user of users) await arrive(cluster, dead, user);
    const [shared] = users as [User];
    const staying = await arrive(cluster, alive, shared, laptop);
    await beat(cluster, dead, 60_000);
    await beat(cluster, alive, 0);
    const sweeper = cluster.sweeper();
    assert.deepEqual(await sweeper.sweepNodes(), { nodes: 0, sessions: 0 });
    assert.deepEqual(await sweeper.sweepNodes(), { nodes: 1, sessions: 150 });
    assert.deepEqual(await sweeper.sweepNodes(), { nodes: 0, sessions: 0 });
    for (const user of users) {
      const { sessions } = await cluster.users.state(app, user);
      assert.deepEqual(
        sessions.map(({ session }) => session),
        user === shared ? [staying.ref.session] : [],
      );
    }
    const keys = (await redis.cli('KEYS', `${cluster.config.prefix}:*node:${dead.id}`)) as string[];
    assert.deepEqual(keys, []);
  }));

test('a node that was swept is told of, also when Redis fails at the next one', () =>
  withCluster(async (cluster) => {
    const [first, second] = await Promise.all([cluster.node(), cluster.node()]);
    const user = newUser();
    await arrive(cluster, first, user);
    await beat(cluster, first, 60_000);
    await beat(cluster, second, 50_000);
    const sweeper = cluster.sweeper();
    await sweeper.sweepNodes();
    await redis.cli('SET', cluster.context.keys.nodeIndex(0, second.id), 'no set');
    const swept: [string, number][] = [];
    await assert.rejects(sweeper.sweepNodes((node, sessions) => swept.push([node, sessions])));
    assert.deepEqual(swept, [[first.id, 1]]);
  }));

test('a node that beats again between two looks lives', () =>
  withCluster(async (cluster) => {
    const node = await cluster.node();
    const user = newUser();
    await arrive(cluster, node, user);
    const sweeper = cluster.sweeper();
    await beat(cluster, node, 60_000);
    await sweeper.sweepNodes();
    // Redis was away for a while, and nobody could beat.
    await beat(cluster, node, 59_000);
    assert.deepEqual(await sweeper.sweepNodes(), { nodes: 0, sessions: 0 });
    assert.equal((await cluster.users.state(app, user)).online, true);
  }));

test('a node that died before the clock of Redis was set back is swept too', () =>
  withCluster(async (cluster) => {
    const dead = await cluster.node();
    const user = newUser();
    await arrive(cluster, dead, user);
    await beat(cluster, dead, -3_600_000);
    const sweeper = cluster.sweeper();
    await eventually(
      async () => assert.deepEqual(await sweeper.sweepNodes(), { nodes: 1, sessions: 1 }),
      { timeout: 20_000, every: 500 },
    );
  }));

test('the position of a device of a dead node is kept for the resume window', () =>
  withCluster(async (cluster) => {
    const [dead, alive] = await Promise.all([cluster.node(), cluster.node()]);
    const user = newUser();
    await arrive(cluster, dead, user);
    const other = await arrive(cluster, alive, user, laptop);
    await cluster.append(user, 'a');
    const { ref, epoch } = other;
    await alive.registry.ack([{ ...ref, epoch, seq: 1, timed: 0, time: 0, cursor: 1 }]);
    await beat(cluster, dead, 60_000);
    const sweeper = cluster.sweeper();
    await sweeper.sweepNodes();
    await sweeper.sweepNodes();
    const back = await alive.attach(user, phone);
    assert.deepEqual([back.cursor, back.resumed, back.seqs], [0, true, [1]]);
  }));

test('a node that Redis has forgotten is told so with its next beat', () =>
  withCluster(async (cluster) => {
    const node = await cluster.node();
    let forgotten = 0;
    const heartbeat = node.heartbeat(() => {
      forgotten += 1;
    });
    await heartbeat.start();
    try {
      assert.equal(forgotten, 0, 'a new node is not forgotten');
      await redis.cli('DEL', cluster.context.keys.nodes);
      await eventually(() => assert.equal(forgotten, 1));
    } finally {
      await heartbeat.stop(true);
    }
    assert.equal(await redis.cli('EXISTS', cluster.context.keys.nodes), 0);
  }));

test('sessions that a node does not hold are pruned, those it holds stay', () =>
  withCluster(async (cluster) => {
    const [node, other] = await Promise.all([cluster.node(), cluster.node()]);
    const user = newUser();
    await arrive(cluster, node, user);
    const held = await arrive(cluster, node, user, laptop);
    const elsewhere = await arrive(cluster, other, user);
    await node.registry.prune(app, user, [held.ref.session]);
    const { sessions } = await cluster.users.state(app, user);
    assert.deepEqual(
      sessions.map(({ session }) => session).sort(),
      [held.ref.session, elsewhere.ref.session].sort(),
    );
    await node.registry.prune(app, user, []);
    assert.equal((await cluster.append(user, 'x')).sessions, 1);
  }));

test('a user is offline when the grace is over, once', () =>
  withCluster(async (cluster) => {
    const node = await cluster.node();
    const user = newUser();
    const { ref, epoch } = await arrive(cluster, node, user);
    await node.registry.detach({ ...ref, epoch, cursor: 0 });
    const sweeper = cluster.sweeper();
    await eventually(async () => assert.equal(await sweeper.settleOffline(), 1));
    assert.equal(await sweeper.settleOffline(), 0);
    const state = await cluster.users.state(app, user);
    assert.equal(state.online, false);
    assert.ok(Math.abs(Date.now() / 1000 - (state.lastSeen ?? 0)) < 30);
    assert.equal((await node.attach(user, phone)).cameOnline, true);
  }));

test('a user who is back within the grace never was offline', () =>
  withCluster(async (cluster) => {
    const node = await cluster.node();
    const user = newUser();
    const { ref, epoch } = await arrive(cluster, node, user);
    await node.registry.detach({ ...ref, epoch, cursor: 0 });
    assert.equal((await node.attach(user, phone)).cameOnline, false);
    const leaving = cluster.context.keys.leaving(cluster.keysOf(user).partition);
    assert.equal(await redis.cli('ZSCORE', leaving, `${app}:${user}`), null);
    assert.equal(await cluster.sweeper().settleOffline(), 0);
  }));

test('one of two devices leaving starts no grace', () =>
  withCluster(async (cluster) => {
    const node = await cluster.node();
    const user = newUser();
    const { ref, epoch } = await arrive(cluster, node, user);
    await arrive(cluster, node, user, laptop);
    await node.registry.detach({ ...ref, epoch, cursor: 0 });
    const leaving = cluster.context.keys.leaving(cluster.keysOf(user).partition);
    assert.equal(await redis.cli('EXISTS', leaving), 0);
    assert.equal((await cluster.users.state(app, user)).online, true);
  }));

test('the users of a gateway that vanished go offline too, when a message finds nobody', () =>
  withCluster(async (cluster) => {
    const dead = await cluster.node({ listens: false });
    const user = newUser();
    await arrive(cluster, dead, user);
    await cluster.append(user, 'x');
    const sweeper = cluster.sweeper();
    await eventually(async () => assert.equal(await sweeper.settleOffline(), 1));
  }));

test('a user of whom nothing is known was never seen', () =>
  withCluster(async (cluster) => {
    assert.deepEqual(await cluster.users.state(app, newUser()), {
      ...{ online: false, lastSeen: null, queued: 0, sessions: [] },
    });
  }));
