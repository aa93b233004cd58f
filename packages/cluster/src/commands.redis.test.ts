import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  eventually,
  type RedisServer,
  startProxy,
  startRedis,
  startRedisCluster,
} from '@encke/testing';
import calculateSlot from 'cluster-key-slot';
import { Redis } from 'ioredis';
import { newUser, openTestCluster, phone } from './cluster.fixture.ts';
import { RedisUnavailable } from './unavailable.ts';

let redis: RedisServer;
before(async () => {
  redis = await startRedis();
});
after(() => redis?.stop());

const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => 'stored',
    (error: unknown) => {
      assert.ok(error instanceof RedisUnavailable, String(error));
      return error.stored;
    },
  );

test('after SCRIPT FLUSH every script of a pipeline is carried out once', async () => {
  const cluster = await openTestCluster(redis.url);
  try {
    const user = newUser();
    await cluster.append(user, 'before');
    await redis.cli('SCRIPT', 'FLUSH');
    const texts = Array.from({ length: 100 }, (_, i) => `m${i}`);
    await Promise.all(texts.map((text) => cluster.append(user, text)));
    assert.deepEqual(await cluster.undelivered(user), ['before', ...texts]);
  } finally {
    await cluster.stop();
  }
});

test('what was asked for while the scripts were forgotten keeps its order', async () => {
  const proxy = await startProxy({ target: redis.port });
  const cluster = await openTestCluster(`redis://${proxy.address}`);
  try {
    const user = newUser();
    await cluster.append(user, 'before');
    // Some of it is on its way when the first comes back.
    proxy.delay(3);
    const sent: Promise<{ seq: number }>[] = [];
    for (let i = 0; i < 600; i += 1) {
      sent.push(cluster.append(user, `m${i}`));
      if (i % 100 === 50) void cluster.redis('script', 'flush');
      await new Promise((resolve) => setImmediate(resolve));
    }
    const seqs = (await Promise.all(sent)).map(({ seq }) => seq);
    assert.deepEqual(
      seqs,
      seqs.map((_, i) => i + 2),
    );
  } finally {
    await cluster.stop();
    await proxy.stop();
  }
});

test('nor does what comes back a second time fall behind', async () => {
  const cluster = await openTestCluster(redis.url);
  const others = Array.from({ length: 3 }, () => new Redis(redis.url));
  try {
    const user = newUser();
    await cluster.append(user, 'before');
    const sent: Promise<number | undefined>[] = [];
    for (let round = 0; round < 400; round += 1) {
      // Some of it falls between the scripts that are loaded again and what waits for them.
      const flushes = Array.from({ length: 30 }, (_, i) => others[i % 3]?.script('FLUSH'));
      for (let i = 0; i < 4; i += 1) {
        // What came back too often is refused.
        sent.push(
          cluster.append(user, 'x').then(
            ({ seq }) => seq,
            () => undefined,
          ),
        );
        await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.all(flushes);
    }
    const seqs = (await Promise.all(sent)).filter((seq) => seq !== undefined);
    assert.deepEqual(
      seqs,
      seqs.toSorted((a, b) => a - b),
    );
  } finally {
    for (const other of others) other.disconnect();
    await cluster.stop();
  }
});

test('a node of a Cluster taken for a single Redis refuses, and nothing was stored', async () => {
  const nodes = await startRedisCluster();
  const cluster = await openTestCluster(`redis://127.0.0.1:${nodes.masters[0]?.port}`);
  try {
    const said = new Set<string>();
    for (let i = 0; i < 30; i += 1) said.add(await outcome(cluster.append(newUser(), 'x')));
    assert.deepEqual([...said].toSorted(), ['no', 'stored']);
  } finally {
    await cluster.stop();
    await nodes.stop();
  }
});

test('of a user whose slot of a Cluster is moving just now nothing was stored', async () => {
  const nodes = await startRedisCluster();
  const [first, second] = nodes.masters as [RedisServer, RedisServer];
  const cluster = await openTestCluster(nodes.url, { redis: { url: nodes.url, mode: 'cluster' } });
  try {
    let user = newUser();
    const slotOf = () => calculateSlot(cluster.keysOf(user).record);
    while (slotOf() >= 16_384 / 3) user = newUser();
    await cluster.append(user, 'before');
    const [from, to] = [await first.cli('CLUSTER', 'MYID'), await second.cli('CLUSTER', 'MYID')];
    await second.cli('CLUSTER', 'SETSLOT', slotOf(), 'IMPORTING', String(from));
    await first.cli('CLUSTER', 'SETSLOT', slotOf(), 'MIGRATING', String(to));
    // Redis carries out no script of which it has only some of the keys.
    assert.equal(await outcome(cluster.append(user, 'x')), 'no');
    await first.cli('CLUSTER', 'SETSLOT', slotOf(), 'STABLE');
    assert.deepEqual(await cluster.undelivered(user), ['before']);
  } finally {
    await cluster.stop();
    await nodes.stop();
  }
});

test('what was asked in an order is carried out in that order, also when only some scripts are loaded', async () => {
  const cluster = await openTestCluster(redis.url);
  try {
    const user = newUser();
    const node = await cluster.node();
    await cluster.users.setHash(1 as never, user, 'key');
    await redis.cli('SCRIPT', 'FLUSH');
    const ref = node.newSession(user, phone);
    const leave = () => node.registry.detach({ ...ref, epoch: 'none', cursor: 0 });
    await leave();
    // A device that leaves at once: attach is not loaded any more, detach is.
    await Promise.all([node.registry.attach({ ...ref, key: 'key' }), leave()]);
    assert.deepEqual((await cluster.users.state(1 as never, user)).sessions, []);
  } finally {
    await cluster.stop();
  }
});

test('a script that had to be loaded again is given up in time like any other', async () => {
  const cluster = await openTestCluster(redis.url);
  try {
    const user = newUser();
    await redis.cli('SCRIPT', 'FLUSH');
    const sent = cluster.append(user, 'late');
    await new Promise((resolve) => setImmediate(resolve));
    // In the same pipeline, behind the append: what the append needs a second time waits.
    void cluster.redis('client', 'pause', 8_000, 'ALL').catch(() => {});
    const started = performance.now();
    await outcome(sent);
    assert.ok(performance.now() - started < 6_000, 'it took until Redis went on');
  } finally {
    await redis.cli('CLIENT', 'UNPAUSE').catch(() => {});
    await cluster.stop();
  }
});

test('"nothing was stored" is not said of a message that Redis took but whose answer is lost', async () => {
  const proxy = await startProxy({ target: redis.port });
  const cluster = await openTestCluster(`redis://${proxy.address}`);
  try {
    const user = newUser();
    await cluster.append(user, 'before');
    proxy.stallToClient();
    const said = await outcome(cluster.append(user, 'answer lost'));
    proxy.heal();
    const stored = await eventually(() => cluster.undelivered(user));
    assert.equal(stored.length, 2);
    assert.equal(said, 'unknown');
  } finally {
    await cluster.stop();
    await proxy.stop();
  }
});

test('"nothing was stored" is not said when only this process stood still', async () => {
  const cluster = await openTestCluster(redis.url);
  try {
    const user = newUser();
    await cluster.append(user, 'before');
    const sending = outcome(cluster.append(user, 'while we stand still'));
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    const end = performance.now() + 2_200;
    while (performance.now() < end);
    const said = await sending;
    const stored = await eventually(() => cluster.undelivered(user));
    assert.deepEqual([said, stored.length], ['stored', 2]);
  } finally {
    await cluster.stop();
  }
});

test('a connection that swallows everything is left for a new one', async () => {
  const proxy = await startProxy({ target: redis.port });
  const cluster = await openTestCluster(`redis://${proxy.address}`);
  try {
    const user = newUser();
    await cluster.append(user, 'before');
    const [line] = String(await redis.cli('CLIENT', 'LIST'))
      .split('\n')
      .filter((one) => one.includes('cmd=evalsha'));
    const port = Number(/ addr=[^ ]*:(\d+)/.exec(` ${line}`)?.[1]);
    proxy.stallOne(port);
    await outcome(cluster.append(user, 'swallowed'));
    await eventually(() => cluster.append(user, 'after'), { timeout: 10_000, every: 200 });
  } finally {
    await cluster.stop();
    await proxy.stop();
  }
});
