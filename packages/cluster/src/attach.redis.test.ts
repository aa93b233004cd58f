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
let cluster: TestCluster;
let node: TestNode;
before(async () => {
  redis = await startRedis();
  cluster = await openTestCluster(redis.url);
  node = await cluster.node();
});
after(async () => {
  await cluster?.stop();
  await redis?.stop();
});

async function knownUser(hash = 'key') {
  const user = newUser();
  await cluster.users.setHash(app, user, hash);
  return user;
}

const keyed = (user: User, key: string) =>
  node.registry.attach({ ...node.newSession(user, phone), key });

test('a wrong key, an unknown user and an empty hash look the same, and leave nothing behind', async () => {
  const [known, unknown, empty] = [await knownUser(), newUser(), await knownUser('')];
  assert.equal(await keyed(known, 'KEY'), undefined);
  assert.equal(await keyed(unknown, 'key'), undefined);
  assert.equal(await keyed(empty, ''), undefined);
  for (const user of [known, unknown, empty]) {
    const { record, sessions, cursors } = cluster.keysOf(user);
    assert.equal(await redis.cli('EXISTS', record, sessions, cursors), 0);
  }
});

test('a token that was verified needs no hash, and stores none', async () => {
  const [without, having] = [newUser(), newUser()];
  await cluster.users.setHash(app, having, 'key');
  const token = { digest: 'digest', expires: Date.now() + 60_000 };
  for (const user of [without, having]) {
    const ref = node.newSession(user, phone);
    assert.ok(await node.registry.attach({ ...ref, key: undefined, token }), 'attached');
  }
  assert.equal(await cluster.users.hash(app, without), undefined, 'nothing is stored');
});

test('the hash of a user can be given a ttl', async () => {
  const user = newUser();
  await cluster.users.setHash(app, user, 'key', 100);
  const { auth } = cluster.keysOf(user);
  assert.ok(Number(await redis.cli('TTL', auth)) > 95);
  await cluster.users.setHash(app, user, 'other');
  assert.equal(await redis.cli('TTL', auth), -1, 'a later one without a ttl is for ever');
});

test('the first device of a new user begins at 0 and brings the user online', async () => {
  const user = await knownUser();
  const attached = await node.attach(user, phone);
  assert.deepEqual([attached.cursor, attached.resumed, attached.cameOnline], [0, false, true]);
  assert.ok(Math.abs(Date.now() - attached.since) < 5_000);
  const second = await node.attach(user, laptop);
  assert.equal(second.cameOnline, false);
  assert.equal(second.epoch, attached.epoch);
});

test('what waits in the inbox comes with the answer', async () => {
  const user = await knownUser();
  await Promise.all(['a', 'b', 'c'].map((text) => cluster.append(user, text)));
  const { page } = await node.attach(user, phone);
  assert.deepEqual(
    page.entries.map(({ seq, event, data }) => [seq, event, data]),
    [
      [1, 'e', '"a"'],
      [2, 'e', '"b"'],
      [3, 'e', '"c"'],
    ],
  );
  assert.deepEqual([page.upTo, page.more], [3, false]);
});

test('[D7] the resume position of the device counts before anything kept for it', async () => {
  const user = await knownUser();
  const first = await node.attach(user, phone);
  for (const text of ['a', 'b', 'c', 'd']) await cluster.append(user, text);
  const { ref, epoch } = first;
  await node.registry.ack([{ ...ref, epoch, seq: 4, timed: 0, time: 0, cursor: 4 }]);
  const resumed = await node.attach(user, phone, { epoch, seq: 2 });
  assert.deepEqual([resumed.cursor, resumed.resumed, resumed.seqs], [2, true, [3, 4]]);
});

test('[D7] a position of an epoch that never was is the beginning, and not resumed', async () => {
  const user = await knownUser();
  await cluster.append(user, 'a');
  const { cursor, resumed, seqs } = await node.attach(user, phone, { epoch: 'zz', seq: 40 });
  assert.deepEqual([cursor, resumed, seqs], [0, false, [1]]);
});

test('[D6] a position ahead of Redis means that Redis lost messages: a new epoch', async () => {
  const user = await knownUser();
  const { epoch } = await node.attach(user, phone);
  for (const text of ['a', 'b', 'c']) await cluster.append(user, text);
  const ahead = await node.attach(user, phone, { epoch, seq: 5 });
  assert.notEqual(ahead.epoch, epoch);
  assert.deepEqual([ahead.resumed, ahead.cursor], [false, 3]);
  const { id } = await cluster.append(user, 'd');
  assert.equal(id, `${ahead.epoch}-4`, 'no id is used twice');
});

test('[D6] a device that comes with the epoch before continues at what both epochs share', async () => {
  const user = await knownUser();
  const { epoch } = await node.attach(user, phone);
  for (const text of ['a', 'b', 'c']) await cluster.append(user, text);
  await node.attach(user, phone, { epoch, seq: 5 });
  await cluster.append(user, 'd');
  const behind = await node.attach(user, laptop, { epoch, seq: 2 });
  assert.deepEqual([behind.resumed, behind.cursor, behind.seqs], [false, 2, [3, 4]]);
  const ahead = await node.attach(user, laptop, { epoch, seq: 40 });
  assert.deepEqual([ahead.resumed, ahead.cursor, ahead.seqs], [false, 3, [4]]);
});

test('[D9] a ttl that ran out does not count as missed, whoever noticed it', async () => {
  const user = await knownUser();
  const { epoch, ref } = await node.attach(user, phone);
  await cluster.append(user, 'seen');
  await node.registry.detach({ ...ref, epoch, cursor: 1 });
  await cluster.append(user, 'short', { ttl: 0.01 });
  await cluster.append(user, 'b');
  // Somebody reads, and the expired one is removed.
  await eventually(async () => assert.deepEqual(await cluster.undelivered(user), ['seen', 'b']));
  const back = await node.attach(user, phone, { epoch, seq: 1 });
  assert.deepEqual([back.resumed, back.seqs], [true, [3]]);
});

test('[D10] [V4] what the cap took from a device counts as missed', async () => {
  const small = await openTestCluster(redis.url, { inboxMax: 3 });
  try {
    const user = newUser();
    await small.users.setHash(app, user, 'key');
    const gateway = await small.node();
    const { epoch, ref } = await gateway.attach(user, phone);
    await small.append(user, 'seen');
    await gateway.registry.detach({ ...ref, epoch, cursor: 1 });
    for (const text of ['b', 'c', 'd']) await small.append(user, text);
    const exactly = await gateway.attach(user, phone, { epoch, seq: 1 });
    assert.deepEqual([exactly.resumed, exactly.seqs], [true, [2, 3, 4]]);
    await small.append(user, 'e');
    const { cursor, resumed, seqs } = await gateway.attach(user, laptop, { epoch, seq: 1 });
    assert.deepEqual([cursor, resumed, seqs], [2, false, [3, 4, 5]]);
    // It has been told: from there on nothing is missing.
    const again = await gateway.attach(user, laptop, { epoch, seq: cursor });
    assert.deepEqual([again.resumed, again.seqs], [true, [3, 4, 5]]);
  } finally {
    await small.stop();
  }
});

test('[D11] [V4] who returns to an inbox of which all is gone is told so once', async () => {
  const user = await knownUser();
  const laptopTab = await node.attach(user, laptop);
  const { epoch } = laptopTab;
  for (const text of ['a', 'b', 'c']) await cluster.append(user, text);
  await node.registry.detach({ ...laptopTab.ref, epoch, cursor: 1 });
  await cluster.inbox.purge(app, user);
  const back = await node.attach(user, laptop, { epoch, seq: 1 });
  assert.deepEqual([back.cursor, back.resumed, back.seqs], [3, false, []]);
  const again = await node.attach(user, laptop, { epoch, seq: back.cursor });
  assert.deepEqual([again.cursor, again.resumed], [3, true]);
  // Nor is a device told again that sends no position: its sessions' cursors have moved along.
  const cursors = (await redis.cli('HVALS', cluster.keysOf(user).cursors)) as string[];
  assert.ok(
    cursors.filter((text) => text.split(' ')[1] === '0').every((text) => text.startsWith('3 ')),
    cursors.join(),
  );
});

test('[I2] a user of the same number in another app has sessions of its own', async () => {
  const user = await knownUser();
  await node.attach(user, phone);
  assert.deepEqual((await cluster.users.state(2 as never, user)).sessions, []);
});
