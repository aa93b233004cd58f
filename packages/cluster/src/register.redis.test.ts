import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
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

async function connectedUser(texts: readonly string[]) {
  const user = newUser();
  await cluster.users.setHash(app, user, 'key');
  const device = await node.attach(user, phone);
  for (const text of texts) await cluster.append(user, text);
  return { user, device };
}

const register = async (
  { ref, epoch, since }: Attached,
  sent: number,
  sentTime = 0,
  cursor = sent,
) => {
  const answer = await node.registry.register({ ...ref, since, epoch, sent, sentTime, cursor });
  assert.ok(typeof answer !== 'string', `to be closed: ${answer}`);
  return answer;
};

test('[D3] a session that Redis knows is registered again without a change', async () => {
  const { user, device } = await connectedUser(['a', 'b']);
  const before = await cluster.users.state(app, user);
  assert.deepEqual(await register(device, 2), { epoch: device.epoch, last: 2, sessions: 1 });
  assert.deepEqual(await cluster.users.state(app, user), before);
});

test('[D3] who registers is told of the sessions that Redis believes in on this node, not on others', async () => {
  const { user, device } = await connectedUser([]);
  const other = await cluster.node();
  await other.attach(user, laptop);
  const { epoch, last, sessions } = await register(device, 0);
  assert.deepEqual({ epoch, last, sessions }, { epoch: device.epoch, last: 0, sessions: 1 });
  await node.attach(user, laptop);
  assert.equal((await register(device, 0)).sessions, 2);
});

test('[D3] [N11] what Redis believes in is told also when the bus is back before the connection for commands', async () => {
  const { user } = await connectedUser([]);
  const { commands } = cluster.context;
  commands.client.disconnect(true);
  await eventually(() => assert.equal(commands.available(), false));
  const [users, channels] = await Promise.all([
    node.registry.users(),
    node.subscriptions.channels(),
  ]);
  assert.ok(users.includes(`${app}:${user}`));
  assert.deepEqual(channels, []);
});

test('[D3] all that Redis lost of a user is made anew, with a new epoch', async () => {
  const { user, device } = await connectedUser(['a', 'b']);
  const { record, inbox, sessions, cursors } = cluster.keysOf(user);
  await redis.cli('DEL', record, inbox, sessions, cursors);
  const { epoch, last } = await register(device, 2);
  assert.notEqual(epoch, device.epoch);
  assert.equal(last, 0);
  assert.deepEqual((await cluster.append(user, 'c')).sessions, 1);
});

test('[D6] when only the record was lost, numbers go on, the epoch is new, and all counts as unconfirmed', async () => {
  const { user, device } = await connectedUser(['a', 'b', 'c']);
  const { ref, epoch } = device;
  await node.registry.ack([{ ...ref, epoch, seq: 2, timed: 0, time: 0, cursor: 2 }]);
  await redis.cli('DEL', cluster.keysOf(user).record);
  const answer = await register(device, 3);
  assert.notEqual(answer.epoch, epoch);
  assert.equal(answer.last, 3);
  assert.deepEqual(await cluster.undelivered(user), ['a', 'b', 'c']);
  const next = await cluster.append(user, 'd');
  assert.equal(next.id, `${answer.epoch}-4`);
});

test('[D6] the same when a message comes first', async () => {
  const { user, device } = await connectedUser(['a', 'b', 'c']);
  await redis.cli('DEL', cluster.keysOf(user).record);
  const next = await cluster.append(user, 'd');
  assert.equal(next.seq, 4);
  assert.notEqual(next.id, `${device.epoch}-4`);
  assert.deepEqual(await cluster.undelivered(user), ['a', 'b', 'c', 'd']);
});

test('[D6] a session that was sent more than Redis knows: the tail was lost, the epoch is new', async () => {
  const { user, device } = await connectedUser(['a', 'b', 'c']);
  const answer = await register(device, 5);
  assert.notEqual(answer.epoch, device.epoch);
  assert.equal(answer.last, 3);
  // Another session, which was sent less than was lost, need not read it all again.
  const read = await cluster.inbox.read(app, user, { epoch: device.epoch, seq: 2 });
  assert.deepEqual([read?.epoch, read?.after], [answer.epoch, 2]);
});

test('[D6] a tail that was lost is noticed also when new messages have taken its numbers', async () => {
  const { user, device } = await connectedUser(['a', 'b']);
  const { record, inbox } = cluster.keysOf(user);
  const copies = await Promise.all(
    [record, inbox].map((key) => cluster.redis('copy', key, `${key}:copy`)),
  );
  assert.deepEqual(copies, [1, 1]);
  await cluster.append(user, 'c, which the device gets and Redis forgets');
  const read = await cluster.inbox.read(app, user, { epoch: device.epoch, seq: 2 });
  const sentTime = read?.page.entries[0]?.time;
  await eventually(() => assert.ok(Date.now() > (sentTime ?? Infinity) + 1));
  // A failover, or a restart from an older snapshot.
  for (const key of [record, inbox]) await cluster.redis('rename', `${key}:copy`, key);
  await cluster.append(user, 'c again, another one');
  // A receipt for the lost one was on its way: it must not count for the other.
  await node.registry.ack([
    { ...device.ref, epoch: device.epoch, seq: 3, timed: 0, time: 0, cursor: 3 },
  ]);
  const { epoch, last } = await register(device, 3, sentTime);
  assert.equal(last, 3);
  assert.notEqual(epoch, device.epoch, 'the device never gets the other message 3');
  const again = await cluster.inbox.read(app, user, { epoch: device.epoch, seq: 3 });
  assert.equal(again?.after, 2, 'it goes on behind what both know');
  assert.deepEqual(await cluster.undelivered(user), ['c again, another one']);
});

test('[D9] what has expired meanwhile is no contradiction', async () => {
  const { user, device } = await connectedUser(['a']);
  await cluster.append(user, 'short', { ttl: 1 });
  const read = await cluster.inbox.read(app, user, { epoch: device.epoch, seq: 1 });
  const sentTime = read?.page.entries[0]?.time ?? assert.fail('expired already');
  await cluster.append(user, 'c');
  await eventually(async () => assert.deepEqual(await cluster.undelivered(user), ['a', 'c']));
  const { epoch, last } = await register(device, 2, sentTime);
  assert.deepEqual([epoch, last], [device.epoch, 3]);
});

test('a cursor of another epoch is not believed', async () => {
  const { user, device } = await connectedUser(['a', 'b']);
  await register({ ...device, epoch: 'zzzzzzzzzz' }, 40);
  const back = await node.attach(user, phone);
  assert.equal(back.cursor, 0);
});

test('a user who was about to count as offline is online again', async () => {
  const { user, device } = await connectedUser([]);
  await cluster.redis('del', cluster.keysOf(user).sessions);
  await register(device, 0);
  assert.equal((await cluster.users.state(app, user)).online, true);
});

for (const [reason, close] of [
  ['signedOut', (user: never) => cluster.users.removeHash(app, user)],
  ['moved', (user: never) => cluster.users.disconnect(app, user, true)],
  ['disconnected', (user: never) => cluster.users.disconnect(app, user, false)],
] as const) {
  test(`a session that should have been closed meanwhile is not registered again: ${reason}`, async () => {
    const { user, device } = await connectedUser([]);
    await close(user as never);
    await eventually(() =>
      assert.ok(node.closed.includes(`${app}:${user} ${reason}`), 'not told yet'),
    );
    const { ref, epoch, since } = device;
    const order = { ...ref, since, epoch, sent: 0, sentTime: 0, cursor: 0 };
    assert.equal(await node.registry.register(order), reason);
  });
}

test('a reason to close that only a newer release knows lets devices come back', async () => {
  const { user, device } = await connectedUser([]);
  const { ref, epoch, since } = device;
  await redis.cli('HSET', cluster.keysOf(user).record, 'c', `${since + 1} newer`);
  const order = { ...ref, since, epoch, sent: 0, sentTime: 0, cursor: 0 };
  assert.equal(await node.registry.register(order), 'moved');
});

test('a device that came after the close is not concerned', async () => {
  const { user } = await connectedUser([]);
  await cluster.users.disconnect(app, user, true);
  const closedAt = Date.now();
  await eventually(() => assert.ok(Date.now() > closedAt + 2, 'the same millisecond'), {
    every: 1,
  });
  const later = await node.attach(user, laptop);
  assert.equal((await register(later, 0)).epoch, later.epoch);
});

test('a close is heard also when Redis had lost the user just before', async () => {
  const { user, device } = await connectedUser([]);
  const { record, sessions, cursors } = cluster.keysOf(user);
  await redis.cli('DEL', record, sessions, cursors);
  await cluster.users.removeHash(app, user);
  const { ref, epoch, since } = device;
  const order = { ...ref, since, epoch, sent: 0, sentTime: 0, cursor: 0 };
  assert.equal(await node.registry.register(order), 'signedOut');
});
