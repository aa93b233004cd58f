import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type App, newNode, sessionId } from '@encke/protocol';
import { eventually, type RedisServer, startRedis } from '@encke/testing';
import { app, newUser, openTestCluster, phone, type TestCluster } from './cluster.fixture.ts';
import { Cluster } from './cluster.ts';

let redis: RedisServer;
let parts: TestCluster;
before(async () => {
  redis = await startRedis();
  parts = await openTestCluster(redis.url);
});
after(async () => {
  await parts?.stop();
  await redis?.stop();
});

async function open(): Promise<Cluster> {
  const cluster = new Cluster(parts.config);
  await cluster.connected();
  return cluster;
}

const nothing = (): void => {};
const handlers = {
  ...{ message: nothing, evicted: nothing, close: nothing, revoked: nothing },
  ...{ up: nothing, down: nothing, lag: nothing },
};

test('living gateways and what they hold, users online over all apps, messages accepted', async (t) => {
  const [first, second] = await Promise.all([open(), open()]);
  t.after(() => first.close());
  const before = await first.status();
  const none = { nodes: 0, usersOnline: 0, sessions: 0, connections: 0, unconfirmed: 0 };
  const empty = { ...none, messages: 0, uptime: 0 };
  assert.deepEqual(before, { ...empty, gateways: [] });

  const loads = [
    { sessions: 2, connections: 3, unconfirmed: 0 },
    { sessions: 4, connections: 10, unconfirmed: 7 },
  ];
  const nodes = loads.map((load) => {
    const node = newNode();
    return { node, load, ...first.join(node, handlers, nothing, () => load) };
  });
  for (const { heartbeat } of nodes) await heartbeat.start();
  t.after(() => Promise.all(nodes.map(({ heartbeat }) => heartbeat.stop(true))));
  const user = newUser();
  for (const [i, one] of [app, 2 as App].entries()) {
    await first.setHash(one, user, 'key');
    for (const [n, { registry, node }] of nodes.entries()) {
      const session = sessionId(node, i * 2 + n);
      await registry.attach({ app: one, user, session, device: phone, key: 'key' });
    }
  }
  const send = (cluster: Cluster) => cluster.append({ app, user, event: '', data: '1' });
  await Promise.all([send(first), send(first), send(second)]);
  await second.close();

  const status = await first.status();
  assert.deepEqual(
    { ...status, gateways: [], uptime: 0 },
    {
      ...{ ...empty, nodes: 2, usersOnline: 2, sessions: 6, connections: 13 },
      ...{ unconfirmed: 7, messages: 3, gateways: [] },
    },
  );
  assert.ok(status.uptime < 120);
  for (const { node, load } of nodes) {
    const row = status.gateways.find((gateway) => gateway.node === node);
    assert.ok(Math.abs((row?.since ?? 0) - Date.now() / 1000) < 120);
    assert.deepEqual({ ...row, since: 0 }, { node, ...load, since: 0 });
  }

  await redis.cli('ZADD', parts.context.keys.nodes, Date.now() - 60_000, nodes[1]?.node ?? '');
  await nodes[1]?.heartbeat.stop(false);
  await redis.cli('ZADD', parts.context.keys.nodes, Date.now() - 60_000, nodes[1]?.node ?? '');
  assert.equal((await first.status()).nodes, 1, 'a gateway that no longer beats is not counted');
});

test('Redis came back empty: the count begins anew, with what it was not told before', async (t) => {
  const cluster = await open();
  t.after(() => cluster.close());
  const user = newUser();
  await cluster.append({ app, user, event: '', data: '1' });
  assert.equal((await cluster.status()).messages >= 1, true);
  await redis.kill();
  await eventually(() => assert.equal(cluster.available(), false));
  await assert.rejects(cluster.status());
  await redis.restartEmpty();
  await eventually(() => assert.equal(cluster.available(), true));
  await cluster.append({ app, user, event: '', data: '2' });
  assert.equal((await cluster.status()).messages, 1);
});
