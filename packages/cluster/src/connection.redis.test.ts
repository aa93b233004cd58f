import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import type { User } from '@encke/protocol';
import {
  eventually,
  type FaultProxy,
  type RedisCluster,
  type RedisServer,
  startProxy,
  startRedis,
  startRedisCluster,
  takeOver,
} from '@encke/testing';
import calculateSlot from 'cluster-key-slot';
import type { Cluster } from 'ioredis';
import { app, newUser, openTestCluster, type TestCluster } from './cluster.fixture.ts';
import { Commands } from './commands.ts';
import { openCommands, openJobs, openSubscriber } from './connection.ts';
import { startJobs } from './jobs.ts';
import { RedisUnavailable } from './unavailable.ts';

/** Settings of a wait for a cluster that changes. */
const slow = { timeout: 60_000 };

/** Whether the first of three masters holds what the user has. */
const onFirst = (cluster: TestCluster, user: User): boolean =>
  calculateSlot(cluster.keysOf(user).record) < 16_384 / 3;

/** Resolves when all masters tell their clients of nodes in this order, a pattern. */
const listed = (redis: RedisCluster, order: string) =>
  eventually(async () => {
    for (const slots of await redis.all('CLUSTER', 'SLOTS'))
      assert.match(JSON.stringify(slots), new RegExp(order), 'not told yet');
  }, slow);

/** Redis takes an append, and the connection breaks before the answer is out. */
async function loseAnAnswer(
  cluster: TestCluster,
  user: User,
  proxy: FaultProxy,
  redis: RedisServer,
) {
  await eventually(() => cluster.append(user, 'before'));
  proxy.stallToClient();
  const sending = cluster.append(user, 'once').catch((error: unknown) => error);
  await eventually(async () =>
    assert.equal(await redis.cli('XLEN', cluster.keysOf(user).inbox), 2),
  );
  proxy.heal();
  const error = await sending;
  assert.deepEqual(await eventually(() => cluster.undelivered(user)), ['before', 'once']);
  assert.ok(error instanceof RedisUnavailable, 'it cannot know');
  assert.equal(error.stored, 'unknown');
}

test('what was in flight when a connection broke is never sent twice', async () => {
  const redis = await startRedis();
  const proxy = await startProxy({ target: redis.port });
  const cluster = await openTestCluster(`redis://${proxy.address}`);
  try {
    await loseAnAnswer(cluster, newUser(), proxy, redis);
  } finally {
    await cluster.stop();
    await proxy.stop();
    await redis.stop();
  }
});

/** All others find the first master of the cluster only behind it. */
async function startProxyBefore({ masters }: RedisCluster): Promise<FaultProxy> {
  const [first, ...others] = masters as [RedisServer, ...RedisServer[]];
  const proxy = await startProxy({ target: first.port });
  await first.cli('CONFIG', 'SET', 'cluster-announce-port', proxy.port);
  await eventually(async () => {
    for (const other of others) {
      const nodes = String(await other.cli('CLUSTER', 'NODES'));
      assert.ok(nodes.includes(`:${proxy.port}@`), 'not told yet');
    }
  });
  return proxy;
}

test('nor in a Cluster', async () => {
  const redis = await startRedisCluster();
  const [first, second] = redis.masters as [RedisServer, RedisServer];
  const proxy = await startProxyBefore(redis);
  const url = `redis://127.0.0.1:${second.port}`;
  const cluster = await openTestCluster(url, { redis: { url, mode: 'cluster' } });
  try {
    let user = newUser();
    while (!onFirst(cluster, user)) user = newUser();
    await loseAnAnswer(cluster, user, proxy, first);
  } finally {
    await cluster.stop();
    await proxy.stop();
    await redis.stop();
  }
});

test('[D5] a master of a Cluster that was just promoted is told the scripts first', async () => {
  const redis = await startRedisCluster();
  const cluster = await openTestCluster(redis.url, { redis: { url: redis.url, mode: 'cluster' } });
  const replica = await redis.addReplica();
  const [first] = redis.masters as [RedisServer];
  try {
    const users = Array.from({ length: 60 }, newUser).filter((user) => onFirst(cluster, user));
    for (const user of users) await cluster.append(user, 'before');
    await first.kill();
    for (const user of users) await eventually(() => cluster.append(user, 'after'), slow);
    // A script that is sent a second time comes behind what was sent after it.
    assert.doesNotMatch(String(await replica.cli('INFO', 'errorstats')), /NOSCRIPT/);
    assert.match(String(await replica.cli('INFO', 'commandstats')), /cmdstat_evalsha/);
  } finally {
    await cluster.stop();
    await redis.stop();
  }
});

for (const { what, known, delay } of [
  { what: 'known before, and nearer than it', known: true, delay: 50 },
  { what: 'unknown before', known: false, delay: 0 },
])
  test(`[D5] messages keep their order while a replica takes over from its master, ${what}`, async () => {
    const redis = await startRedisCluster();
    const replica = await redis.addReplica();
    const proxy = await startProxyBefore(redis);
    const url = `redis://127.0.0.1:${redis.masters[1]?.port}`;
    const open = () => openTestCluster(url, { redis: { url, mode: 'cluster' } });
    let cluster = await open();
    try {
      const users = Array.from({ length: 12 }, newUser).filter((user) => onFirst(cluster, user));
      for (const user of users) await cluster.append(user, 'before');
      if (known) {
        await listed(redis, `,${replica.port},`);
        await cluster.stop();
        cluster = await open();
      }
      const sent = users.map((): Promise<number | Error>[] => []);
      let promoted = false;
      const over = takeOver(replica).finally(() => {
        promoted = true;
      });
      proxy.delay(delay);
      for (let more = 1_000; more > 0; more -= promoted ? 1 : 0) {
        for (const [i, user] of users.entries())
          sent[i]?.push(
            cluster.append(user, 'x').then(
              ({ seq }) => seq,
              (error: Error) => error,
            ),
          );
        await new Promise((resolve) => setImmediate(resolve));
      }
      await over;
      const answers = await Promise.all(sent.map((one) => Promise.all(one)));
      const refused = answers.flat().filter((one) => typeof one !== 'number');
      // The failover itself may take longer than an answer may.
      assert.deepEqual(
        refused.filter(({ message }) => !message.includes('no answer in time')),
        [],
      );
      for (const one of answers) {
        const seqs = one.filter((seq) => typeof seq === 'number');
        assert.ok(seqs.length >= 1_000, `${seqs.length} accepted`);
        assert.deepEqual(
          seqs,
          seqs.toSorted((a, b) => a - b),
        );
      }
      assert.match(String(await replica.cli('INFO', 'commandstats')), /cmdstat_evalsha/);
    } finally {
      await cluster.stop();
      await proxy.stop();
      await redis.stop();
    }
  });

test('one answer of a master that was taken over tells of all its slots, and nothing overtakes what is on its way', async () => {
  const redis = await startRedisCluster();
  const replica = await redis.addReplica();
  const proxy = await startProxyBefore(redis);
  const url = `redis://127.0.0.1:${redis.masters[1]?.port}`;
  await listed(redis, `,${proxy.port},.*,${replica.port},`);
  const clusters: TestCluster[] = [];
  const open = async () => {
    const cluster = await openTestCluster(url, { redis: { url, mode: 'cluster' } });
    clusters.push(cluster);
    let user = newUser();
    while (!onFirst(cluster, user)) user = newUser();
    await cluster.append(user, 'before');
    const client = cluster.context.commands.client as Cluster;
    const left = () => client.slots.filter(([owner]) => owner?.endsWith(`:${proxy.port}`)).length;
    return { client, left, append: (data: string) => cluster.append(user, data) };
  };
  try {
    const [idle, busy] = [await open(), await open()];
    await takeOver(replica);
    await listed(redis, `,${replica.port},.*,${proxy.port},`);
    await idle.append('x');
    // The client asks by itself only every ten seconds.
    await eventually(() => assert.equal(idle.left(), 0), { timeout: 3_000 });
    proxy.delay(300);
    const one = busy.append('one');
    for (let i = 0; i < 3; i += 1) await new Promise((resolve) => setImmediate(resolve));
    await new Promise<unknown>((resolve) => busy.client.refreshSlotsCache(resolve));
    assert.equal(busy.left(), 0);
    const two = busy.append('two');
    assert.deepEqual([(await one).seq, (await two).seq], [2, 3]);
  } finally {
    for (const cluster of clusters) await cluster.stop();
    await proxy.stop();
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
    const redis = await startRedis();
    if (url.includes('@')) await redis.cli('CONFIG', 'SET', 'requirepass', 'p@ss:/');
    const cluster = await openTestCluster(url.replace('PORT', String(redis.port)));
    try {
      await cluster.users.setHash(app, newUser(), 'key');
    } finally {
      await cluster.stop();
      await redis.stop();
    }
  });
}

for (const mode of ['single', 'sentinel', 'cluster'] as const) {
  test(`rediss:// sends nothing in clear, mode ${mode}`, async () => {
    const heard: Buffer[] = [];
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', (bytes) => heard.push(bytes));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const config = { url: `rediss://user:secret@127.0.0.1:${port}`, mode };
    const clients = [openCommands(config), openJobs(config)];
    if (mode !== 'cluster') clients.push(openSubscriber(config, ''));
    for (const client of clients) client.on('error', () => {});
    try {
      await eventually(() => assert.ok(heard.length >= clients.length, 'one is missing'));
      for (const bytes of heard) assert.equal(bytes[0], 0x16, 'it is no handshake of TLS');
      assert.equal(Buffer.concat(heard).includes('secret'), false);
    } finally {
      for (const client of clients) client.disconnect();
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });
}

test('where the database cannot be selected nothing is written', async () => {
  const redis = await startRedis({ args: ['--databases', '2'] });
  const cluster = await openTestCluster(`redis://127.0.0.1:${redis.port}/2`);
  try {
    await assert.rejects(cluster.users.setHash(app, newUser(), 'key'), RedisUnavailable);
    assert.equal(cluster.context.commands.available(), false);
    assert.equal(String(await redis.cli('INFO', 'keyspace')).includes('db0'), false);
  } finally {
    await cluster.stop();
    await redis.stop();
  }
});

test('nor on a connection made anew, nor by the jobs; and all goes on when it can be selected again', async () => {
  const redis = await startRedis();
  const cluster = await openTestCluster(`redis://127.0.0.1:${redis.port}/3`);
  const { commands } = cluster.context;
  let runs = 0;
  const run = async () => {
    runs += 1;
  };
  const job = { name: 'none', every: 100, run };
  const jobs = await startJobs(cluster.config, [job], () => {});
  try {
    await cluster.users.setHash(app, newUser(), 'key');
    await redis.cli('ACL', 'SETUSER', 'default', '-select');
    await redis.cli('CLIENT', 'KILL', 'TYPE', 'normal');
    await eventually(async () => {
      const refused = /cmdstat_select:.*rejected_calls=(\d+)/;
      const stats = String(await redis.cli('INFO', 'commandstats'));
      assert.ok(Number(refused.exec(stats)?.[1]) > 2, 'not tried again');
    });
    assert.equal(commands.available(), false);
    await assert.rejects(cluster.users.setHash(app, newUser(), 'key'), RedisUnavailable);
    assert.equal(String(await redis.cli('INFO', 'keyspace')).includes('db0'), false);
    await redis.cli('ACL', 'SETUSER', 'default', '+select');
    await eventually(() => cluster.users.setHash(app, newUser(), 'key'));
    const before = runs;
    await eventually(() => assert.ok(runs > before + 2, 'the jobs do not run again'));
    assert.equal(String(await redis.cli('INFO', 'keyspace')).includes('db0'), false);
  } finally {
    await jobs.stop();
    await cluster.stop();
    await redis.stop();
  }
});

test('why there is no connection is told in a word', async () => {
  const redis = await startRedis();
  await redis.cli('CONFIG', 'SET', 'requirepass', 'right');
  const at = `127.0.0.1:${redis.port}`;
  const open = await startRedis({ args: ['--databases', '2'] });
  for (const [why, url, mode] of [
    ['WRONGPASS', `redis://:wrong@${at}`, 'single'],
    ['NOAUTH', `redis://${at}`, 'single'],
    ['WRONGPASS', `redis://:wrong@${at}`, 'sentinel'],
    ['NOAUTH', at, 'cluster'],
    ['ERR', open.url, 'cluster'],
    ['ERR', `${open.url}/2`, 'single'],
    ['(ENOTFOUND|EAI_AGAIN)', 'redis://no.such.host.invalid:6379', 'single'],
    ['(ENOTFOUND|EAI_AGAIN)', 'no.such.host.invalid:6379', 'cluster'],
    ['ECONNREFUSED', 'redis://127.0.0.1:1', 'single'],
  ] as const) {
    const commands = new Commands({ url, mode, master: 'encke' });
    try {
      await eventually(() =>
        assert.match(
          String(commands.unready()),
          new RegExp(`^Redis is away: ${why}$`),
          `${mode} ${url}`,
        ),
      );
    } finally {
      await commands.close();
    }
  }
  await redis.stop();
  await open.stop();
});
