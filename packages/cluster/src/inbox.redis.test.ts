import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { User } from '@encke/protocol';
import { eventually, type RedisServer, startRedis } from '@encke/testing';
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

async function filled(count: number, text = 'x') {
  const user = newUser();
  const answers = await Promise.all(
    Array.from({ length: count }, (_, i) => cluster.append(user, `${text}${i + 1}`)),
  );
  const epoch = answers[0]?.id.split('-')[0] ?? '';
  return { user, epoch };
}

/** The seqs of every page behind `seq`, read one after the other. */
async function pages(user: User, epoch: string, seq: number, withTime = true) {
  const all: number[][] = [];
  let time: number | undefined;
  for (let position = seq; ; ) {
    const read = await cluster.inbox.read(app, user, { epoch, seq: position }, time);
    const { entries, upTo, more } = read?.page ?? assert.fail();
    all.push(entries.map((entry) => entry.seq));
    assert.ok(all.length < 100, 'no end');
    if (!more) {
      assert.equal(upTo, read?.last);
      return all;
    }
    position = upTo;
    time = withTime ? entries.at(-1)?.time : undefined;
  }
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

for (const withTime of [true, false]) {
  test(`a page has at most 64 messages, ${withTime ? 'with' : 'without'} the time of the position`, async () => {
    const { user, epoch } = await filled(200);
    assert.deepEqual(await pages(user, epoch, 0, withTime), [
      range(1, 64),
      range(65, 128),
      range(129, 192),
      range(193, 200),
    ]);
  });
}

test('a page ends when 64 KiB of data are in it, and always brings something', async () => {
  const { user, epoch } = await filled(5, 'x'.repeat(30_000));
  assert.deepEqual(await pages(user, epoch, 0), [
    [1, 2, 3],
    [4, 5],
  ]);
  const big = await filled(3, 'x'.repeat(65_536));
  assert.deepEqual(await pages(big.user, big.epoch, 0), [[1], [2], [3]]);
});

for (const seq of [0, 1, 15, 16, 17, 64, 99, 100]) {
  test(`reading behind ${seq} of 100`, async () => {
    const { user, epoch } = await filled(100);
    assert.deepEqual((await pages(user, epoch, seq)).flat(), range(seq + 1, 100));
  });
}

test('reading behind the end, or further, finds nothing', async () => {
  const { user, epoch } = await filled(3);
  assert.deepEqual(await pages(user, epoch, 40), [[]]);
});

test('a user of whom nothing is known has no inbox', async () => {
  assert.equal(await cluster.inbox.read(app, newUser(), { epoch: 'x', seq: 0 }), undefined);
});

test('expired messages are passed over, counted once, and removed', async () => {
  const { user, epoch } = await filled(3);
  const { expired } = cluster.stats;
  await Promise.all(range(4, 100).map(() => cluster.append(user, 'short', { ttl: 0.01 })));
  await cluster.append(user, 'last');
  await eventually(async () => assert.equal((await cluster.users.state(app, user)).queued, 4));
  assert.deepEqual((await pages(user, epoch, 0)).flat(), [1, 2, 3, 101]);
  assert.deepEqual((await pages(user, epoch, 0)).flat(), [1, 2, 3, 101]);
  assert.equal(cluster.stats.expired - expired, 97);
  assert.equal(await redis.cli('XLEN', cluster.keysOf(user).inbox), 4);
});

/** As when the lifetime of the inbox is over: its end stands in the record, behind 49 bytes. See include/record.lua. */
async function outlive(user: User): Promise<void> {
  const { record, inbox } = cluster.keysOf(user);
  const script = `local r = redis.call('HGET', KEYS[1], 'r')
    redis.call('HSET', KEYS[1], 'r', string.sub(r, 1, 49) .. struct.pack('>I6', 1) .. string.sub(r, 56))`;
  await redis.cli('EVAL', script, 1, record);
  await redis.cli('DEL', inbox);
}

test('an inbox that went with the last ttl in it: what nobody had confirmed is counted once, by who comes next', async () => {
  const node = await cluster.node();
  const expired = async (act: () => Promise<unknown>) => {
    const before = cluster.stats.expired;
    await act();
    return cluster.stats.expired - before;
  };
  const { user, epoch } = await filled(10);
  await cluster.users.setHash(app, user, 'key');
  const { ref } = await node.attach(user, phone);
  await node.registry.ack([{ ...ref, epoch, seq: 4, timed: 0, time: 0, cursor: 4 }]);
  await outlive(user);
  assert.equal(await expired(() => node.attach(user, phone)), 6);
  assert.equal(await expired(() => node.attach(user, phone)), 0);
  assert.equal(await expired(() => cluster.append(user, 'a message')), 0);
  await outlive(user);
  assert.equal(await expired(() => cluster.append(user, 'another')), 1);
  assert.equal(await expired(() => node.attach(user, phone)), 0);
  assert.deepEqual(await cluster.undelivered(user), ['another']);
});

test('undelivered is what no device has confirmed, with ids and when it expires', async () => {
  const { user, epoch } = await filled(150);
  await cluster.users.setHash(app, user, 'key');
  const node = await cluster.node();
  const { ref } = await node.attach(user, phone);
  await node.registry.ack([{ ...ref, epoch, seq: 70, timed: 0, time: 0, cursor: 70 }]);
  const list = await cluster.inbox.undelivered(app, user);
  assert.deepEqual(
    list.map(({ seq }) => seq),
    range(71, 150),
  );
  const [first] = list;
  assert.equal(first?.id, `${epoch}-71`);
  assert.equal((first?.expires ?? 0) - (first?.time ?? 0), 600_000);
  assert.equal((await cluster.users.state(app, user)).queued, 80);
});

test('purge does not take a whole queue into memory', async (t) => {
  const own = await startRedis();
  t.after(() => own.stop());
  const alone = await openTestCluster(own.url);
  t.after(() => alone.stop());
  const user = newUser();
  const text = 'x'.repeat(50_000);
  for (let i = 0; i < 40; i += 1)
    await Promise.all(Array.from({ length: 10 }, () => alone.append(user, text)));
  const peak = async () =>
    Number(/used_memory_peak:(\d+)/.exec(String(await own.cli('INFO', 'memory')))?.[1]);
  const before = await peak();
  assert.equal(await alone.inbox.purge(app, user), 400);
  assert.ok((await peak()) - before < 10 * 1_048_576);
});

test('purge empties the queue, counts the undelivered, and numbers go on', async () => {
  const { user, epoch } = await filled(10);
  await cluster.users.setHash(app, user, 'key');
  const node = await cluster.node();
  const { ref } = await node.attach(user, phone);
  await node.registry.ack([{ ...ref, epoch, seq: 4, timed: 0, time: 0, cursor: 4 }]);
  assert.equal(await cluster.inbox.purge(app, user), 6);
  assert.equal(await cluster.inbox.purge(app, user), 0);
  assert.deepEqual(await cluster.undelivered(user), []);
  assert.equal((await cluster.append(user, 'next')).id, `${epoch}-11`);
  assert.deepEqual(await cluster.undelivered(user), ['next']);
  assert.ok(Number(await redis.cli('PTTL', cluster.keysOf(user).inbox)) > 0);
  assert.equal(await cluster.inbox.purge(app, newUser()), 0);
});

test('[D11] what was confirmed is kept for the retention, then removed; the rest stays', async () => {
  const short = await openTestCluster(redis.url, {
    ...{ resumeWindow: 2, pingInterval: 0.1, pongTimeout: 0.1 },
  });
  try {
    const user = newUser();
    await short.users.setHash(app, user, 'key');
    const node = await short.node();
    const { ref, epoch } = await node.attach(user, phone);
    const length = () => redis.cli('XLEN', short.keysOf(user).inbox);
    for (const text of ['a', 'b', 'c']) await short.append(user, text);
    const read = await short.inbox.read(app, user, { epoch, seq: 0 });
    const time = read?.page.entries[1]?.time ?? 0;
    await node.registry.ack([{ ...ref, epoch, seq: 2, timed: 2, time, cursor: 2 }]);
    assert.equal(await length(), 3, 'another device may still need them');
    await eventually(async () => {
      // Trimming goes along with receipts.
      await node.registry.ack([{ ...ref, epoch, seq: 2, timed: 2, time, cursor: 2 }]);
      assert.equal(await length(), 1);
    });
    assert.ok(Date.now() - time >= 2_200);
    assert.deepEqual(await short.undelivered(user), ['c']);
  } finally {
    await short.stop();
  }
});

test('what is trimmed with its ttl over counts as expired only where nobody had confirmed it', async () => {
  const short = await openTestCluster(redis.url, {
    ...{ resumeWindow: 0.1, pingInterval: 0.1, pongTimeout: 0.1 },
  });
  try {
    const user = newUser();
    await short.users.setHash(app, user, 'key');
    const node = await short.node();
    const { ref, epoch } = await node.attach(user, phone);
    for (const text of ['a', 'b', 'c']) await short.append(user, text, { ttl: 1 });
    const read = await short.inbox.read(app, user, { epoch, seq: 0 });
    const time = read?.page.entries[0]?.time ?? 0;
    await eventually(async () => {
      await node.registry.ack([{ ...ref, epoch, seq: 2, timed: 1, time, cursor: 2 }]);
      assert.equal(await redis.cli('XLEN', short.keysOf(user).inbox), 0);
    });
    assert.equal(short.stats.expired, 1);
  } finally {
    await short.stop();
  }
});

test('confirming a message whose time is not known keeps it, and loses nothing', async () => {
  const { user, epoch } = await filled(3);
  await cluster.users.setHash(app, user, 'key');
  const node = await cluster.node();
  const { ref } = await node.attach(user, phone);
  await node.registry.ack([{ ...ref, epoch, seq: 3, timed: 0, time: 0, cursor: 3 }]);
  assert.deepEqual((await pages(user, epoch, 0)).flat(), [1, 2, 3]);
  assert.deepEqual(await cluster.undelivered(user), []);
});

test('[D8] receipts that Redis does not take are not forgotten', async () => {
  const { user, epoch } = await filled(2);
  await cluster.users.setHash(app, user, 'key');
  const node = await cluster.node();
  const { ref } = await node.attach(user, phone);
  const receipt = [{ ...ref, epoch, seq: 2, timed: 0, time: 0, cursor: 2 }];
  await redis.cli('CONFIG', 'SET', 'min-replicas-to-write', '1');
  try {
    await assert.rejects(node.registry.ack(receipt), { name: 'RedisUnavailable', stored: 'no' });
  } finally {
    await redis.cli('CONFIG', 'SET', 'min-replicas-to-write', '0');
  }
  assert.equal((await cluster.undelivered(user)).length, 2);
  await node.registry.ack(receipt);
  assert.deepEqual(await cluster.undelivered(user), []);
});
