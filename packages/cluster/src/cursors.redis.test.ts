import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Device, User } from '@encke/protocol';
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

type Attached = Awaited<ReturnType<TestNode['attach']>>;

/** A user with five messages, all confirmed by its laptop. */
async function confirmedUser() {
  const user = newUser();
  await cluster.users.setHash(app, user, 'key');
  const other = await node.attach(user, laptop);
  const first = await node.attach(user, phone);
  for (const text of ['a', 'b', 'c', 'd', 'e']) await cluster.append(user, text);
  await confirm(other, 5);
  return { user, first, other };
}

const confirm = ({ ref, epoch }: Attached, seq: number, cursor: number = seq) =>
  node.registry.ack([{ ...ref, epoch, seq, timed: 0, time: 0, cursor }]);
const leave = ({ ref, epoch }: Attached, cursor: number) =>
  node.registry.detach({ ...ref, epoch, cursor });
const cursorsOf = async (user: User) => {
  const flat = (await redis.cli('HGETALL', cluster.keysOf(user).cursors)) as string[];
  return flat.filter((_, i) => i % 2 === 1).map((value) => value.split(' '));
};

test('[D7] a device continues where it left, not where another device is', async () => {
  const { user, first } = await confirmedUser();
  await leave(first, 2);
  const back = await node.attach(user, phone);
  assert.deepEqual([back.cursor, back.resumed, back.seqs], [2, true, [3, 4, 5]]);
});

test('[D7] a device that was never here gets what no device has confirmed', async () => {
  const { user } = await confirmedUser();
  await cluster.append(user, 'f');
  const { cursor, resumed, seqs } = await node.attach(user, 'tablet' as Device);
  assert.deepEqual([cursor, resumed, seqs], [5, false, [6]]);
});

test('[D7] a page that is back before its old socket is gone continues where that one was', async () => {
  const { user, first } = await confirmedUser();
  await confirm(first, 2);
  const back = await node.attach(user, phone);
  assert.deepEqual([back.cursor, back.resumed, back.seqs], [2, true, [3, 4, 5]]);
});

test('[D7] of several tabs the one that is furthest behind counts', async () => {
  const { user, first } = await confirmedUser();
  const second = await node.attach(user, phone);
  await confirm(first, 4);
  await confirm(second, 3);
  await leave(first, 4);
  assert.equal((await node.attach(user, phone)).cursor, 3);
});

test('a receipt that comes after the detach does not bring the cursor back to life', async () => {
  const { user, first } = await confirmedUser();
  await leave(first, 2);
  await confirm(first, 4);
  const [, ends] = (await cursorsOf(user)).find(([, , device]) => device === phone) ?? [];
  assert.ok(Number(ends) > Date.now(), 'it still ends');
  assert.equal((await node.attach(user, phone)).cursor, 2);
});

test('a second detach of the same session changes nothing', async () => {
  const { user, first } = await confirmedUser();
  await leave(first, 2);
  await leave(first, 5);
  assert.equal((await node.attach(user, phone)).cursor, 2);
});

test('a detach that knows another epoch leaves the cursor as it was told last', async () => {
  const { user, first } = await confirmedUser();
  await confirm(first, 2);
  await node.registry.detach({ ...first.ref, epoch: 'zzzzzzzzzz', cursor: 40 });
  assert.equal((await node.attach(user, phone)).cursor, 2);
});

test('a receipt of another epoch confirms nothing', async () => {
  const { user, first } = await confirmedUser();
  await cluster.append(user, 'f');
  const { ref } = first;
  await node.registry.ack([{ ...ref, epoch: 'zzzzzzzzzz', seq: 6, timed: 0, time: 0, cursor: 6 }]);
  assert.deepEqual(await cluster.undelivered(user), ['f']);
  assert.equal((await node.attach(user, phone)).cursor, 0);
});

test('a receipt ahead of Redis, which lost the newest, confirms only what there is', async () => {
  const { user, first } = await confirmedUser();
  await confirm(first, 40);
  await leave(first, 40);
  await cluster.append(user, 'f');
  const { cursor, seqs } = await node.attach(user, phone);
  assert.ok(cursor <= 5, `continues at ${cursor}`);
  assert.deepEqual(seqs, [6]);
});

test('receipts come in any order; a lower one takes nothing back', async () => {
  const { user, first } = await confirmedUser();
  await cluster.append(user, 'f');
  const { confirmed } = cluster.stats;
  await confirm(first, 6);
  await confirm(first, 3);
  assert.equal(cluster.stats.confirmed - confirmed, 1);
  assert.deepEqual(await cluster.undelivered(user), []);
});

test('receipts of many users in one go', async () => {
  const users = await Promise.all(Array.from({ length: 150 }, () => confirmedUser()));
  const { confirmed } = cluster.stats;
  for (const { user } of users) await cluster.append(user, 'f');
  await node.registry.ack(
    users.map(({ first: { ref, epoch } }) => ({
      ...ref,
      epoch,
      seq: 6,
      timed: 0,
      time: 0,
      cursor: 6,
    })),
  );
  assert.equal(cluster.stats.confirmed - confirmed, 150);
});

test('[D11] the cursor of a device that left is kept for the resume window, and no longer', async () => {
  const short = await openTestCluster(redis.url, { resumeWindow: 3 });
  try {
    const user = newUser();
    await short.users.setHash(app, user, 'key');
    const gateway = await short.node();
    const first = await gateway.attach(user, phone);
    const other = await gateway.attach(user, laptop);
    for (const text of ['a', 'b']) await short.append(user, text);
    await gateway.registry.ack([
      { ...other.ref, epoch: other.epoch, seq: 2, timed: 0, time: 0, cursor: 2 },
    ]);
    const { ref, epoch } = first;
    await gateway.registry.detach({ ...ref, epoch, cursor: 1 });
    const back = await gateway.attach(user, phone);
    assert.deepEqual([back.cursor, back.resumed], [1, true]);
    await gateway.registry.detach({ ...back.ref, epoch, cursor: 1 });
    const kept = async () => {
      const flat = (await redis.cli('HGETALL', short.keysOf(user).cursors)) as string[];
      return flat.find((value) => value.endsWith(` ${phone}`)) ?? '';
    };
    const ends = Number((await kept()).split(' ')[1]);
    await eventually(() => assert.ok(Date.now() > ends + 5, 'still kept'));
    const late = await gateway.attach(user, phone);
    assert.deepEqual([late.cursor, late.resumed], [2, false]);
  } finally {
    await short.stop();
  }
});

test('nothing of a user who left stays in Redis for ever', async () => {
  const { user, first, other } = await confirmedUser();
  await leave(first, 5);
  await leave(other, 5);
  const { record, inbox, sessions, cursors } = cluster.keysOf(user);
  assert.equal(await redis.cli('EXISTS', sessions), 0);
  for (const key of [record, inbox, cursors]) {
    assert.ok(Number(await redis.cli('PTTL', key)) > 0, `${key} has no lifetime`);
  }
});

test('and nothing of one whose record was lost while connected', async () => {
  const { user, first, other } = await confirmedUser();
  const { record, cursors } = cluster.keysOf(user);
  await redis.cli('DEL', record);
  await leave(first, 5);
  await leave(other, 5);
  for (const key of [record, cursors]) {
    assert.notEqual(await redis.cli('PTTL', key), -1, `${key} has no lifetime`);
  }
});
