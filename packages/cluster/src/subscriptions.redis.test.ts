import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Channel, User } from '@encke/protocol';
import { eventually, type RedisServer, startRedis } from '@encke/testing';
import type { Member } from './channels.ts';
import { app, openTestCluster, type TestCluster, type TestNode } from './cluster.fixture.ts';

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

let names = 0;
const newChannel = (kind = 'track'): Channel => {
  names += 1;
  return `${kind}_${names}` as Channel;
};
const users = async (channel: Channel) =>
  (await cluster.channels.members(app, channel)).map(({ user }) => user).sort();
const keysOf = (channel: Channel) =>
  redis.cli('KEYS', `${cluster.config.prefix}:*:${app}:${channel}`);
const publish = (channel: Channel, text: string) =>
  cluster.channels.publish({ app, channel, event: '', data: JSON.stringify(text) });
const beat = (node: TestNode, age: number) =>
  redis.cli('ZADD', cluster.context.keys.nodes, Date.now() - age, node.id);
/** What a node has heard of who comes and goes, once it has heard `count` things. */
const movesOf = (node: TestNode, count: number) =>
  eventually(() => {
    assert.equal(node.moves.length, count, node.moves.join('; '));
    return node.moves;
  });
const line = (channel: Channel, change: string, { session, user, device }: Member) =>
  `${app}:${channel} ${change} ${session} ${user} ${device}`;

test('members are shown with all that is known of them', async () => {
  const channel = newChannel('news');
  const node = await cluster.node();
  const [known, anonymous] = [node.newMember(5 as User), node.newMember(0)];
  await node.report(channel, 2, { joined: [known, anonymous] });
  const members = await cluster.channels.members(app, channel);
  assert.deepEqual(
    members.sort((a, b) => b.user - a.user),
    [known, anonymous],
  );
});

test('when the last has left nothing is left behind', async () => {
  const channel = newChannel();
  const node = await cluster.node();
  const members = [node.newMember(1 as User), node.newMember(2 as User)];
  await node.report(channel, 2, { joined: members });
  await node.report(channel, 1, { left: members.slice(0, 1) });
  assert.deepEqual([await users(channel), await cluster.channels.count(app, channel)], [[2], 1]);
  await node.report(channel, 0, { left: members.slice(1) });
  assert.deepEqual(await keysOf(channel), []);
  assert.deepEqual(await redis.cli('KEYS', `${cluster.config.prefix}:*${node.id}`), []);
});

test('the answer says where the history stands: what is behind it comes over the bus', async () => {
  const channel = newChannel('news');
  await cluster.channels.setHistory(app, channel, 9);
  const { position } = await publish(channel, 'before');
  const node = await cluster.node();
  const standing = await node.report(channel, 1, { joined: [node.newMember(0)] });
  assert.deepEqual(standing, { position, length: 9 });
  await publish(channel, 'after');
  await eventually(() => assert.equal(node.heard.length, 1));
  assert.equal(node.heard[0]?.message.position?.seq, (position?.seq ?? 0) + 1);
});

test('who comes and goes is told on a tracked channel once, to every node, and nowhere else', async () => {
  const [tracked, plain] = [newChannel(), newChannel('news')];
  const [one, other] = await Promise.all([cluster.node(), cluster.node()]);
  const [a, b] = [one.newMember(1 as User), other.newMember(2 as User)];
  for (const channel of [plain, tracked]) {
    await one.report(channel, 1, { joined: [a] });
    await other.report(channel, 1, { joined: [b] });
    // The answer was lost: the same again.
    await other.report(channel, 1, { joined: [b] });
    await one.report(channel, 0, { left: [a] });
    await one.report(channel, 0, { left: [a] });
  }
  assert.deepEqual(await movesOf(one, 2), [line(tracked, 'joined', a), line(tracked, 'joined', b)]);
  assert.deepEqual(await movesOf(other, 2), [line(tracked, 'joined', b), line(tracked, 'left', a)]);
});

test('a node that does not listen is not counted, and is back with its next report', async () => {
  const channel = newChannel();
  const [deaf, alive] = await Promise.all([cluster.node({ listens: false }), cluster.node()]);
  const [a, b] = [deaf.newMember(1 as User), alive.newMember(2 as User)];
  await alive.report(channel, 1, { joined: [b] });
  await deaf.report(channel, 1, { kept: [a] });
  assert.equal(await cluster.channels.count(app, channel), 2);
  assert.equal((await publish(channel, 'x')).subscribers, 1);
  assert.deepEqual([await users(channel), await cluster.channels.count(app, channel)], [[2], 1]);
  deaf.bus.start();
  await eventually(() => assert.ok(deaf.bus.up(), 'not subscribed yet'));
  await deaf.report(channel, 1, { kept: [a] });
  assert.deepEqual(await users(channel), [1, 2]);
  assert.equal((await publish(channel, 'y')).subscribers, 2);
  assert.deepEqual(await movesOf(alive, 1), [line(channel, 'joined', b)]);
});

test('reports of one turn take effect in their order, however many', async () => {
  const channel = newChannel();
  const node = await cluster.node();
  const members = Array.from({ length: 400 }, (_, i) => node.newMember((i + 1) as User));
  const work: Promise<unknown>[] = [];
  for (const [i, member] of members.entries()) {
    work.push(node.report(channel, i + 1, { joined: [member] }));
  }
  for (const [i, member] of members.slice(1).entries()) {
    work.push(node.report(channel, 399 - i, { left: [member] }));
  }
  await Promise.all(work);
  assert.deepEqual([await users(channel), await cluster.channels.count(app, channel)], [[1], 1]);
});

test('one report of many members', async () => {
  const channel = newChannel();
  const node = await cluster.node();
  const members = Array.from({ length: 1_700 }, () => node.newMember(0));
  await node.report(channel, 1_700, { kept: members });
  assert.equal((await cluster.channels.members(app, channel)).length, 1_700);
  await node.report(channel, 200, { left: members.slice(200) });
  assert.equal((await cluster.channels.members(app, channel)).length, 200);
  assert.equal(await cluster.channels.count(app, channel), 200);
});

test('a member whose leaving was never reported is gone after the next whole report', async () => {
  const channel = newChannel();
  const [node, other] = await Promise.all([cluster.node(), cluster.node()]);
  const [a, b, ghost] = [1, 2, 3].map((user) => node.newMember(user as User)) as [
    Member,
    Member,
    Member,
  ];
  const far = other.newMember(4 as User);
  await other.report(channel, 1, { joined: [far] });
  await node.report(channel, 3, { joined: [a, b, ghost] });
  await node.report(channel, 2, { kept: [a, b] });
  assert.deepEqual(await users(channel), [1, 2, 4]);
  assert.equal((await movesOf(other, 5)).at(-1), line(channel, 'left', ghost));
  await node.report(channel, 0);
  assert.deepEqual(await users(channel), [4]);
  await movesOf(other, 7);
});

test('a dead node is swept from its channels, and others hear who is gone', async () => {
  const [tracked, plain] = [newChannel(), newChannel('news')];
  const [dead, alive] = await Promise.all([cluster.node({ listens: false }), cluster.node()]);
  const gone = Array.from({ length: 1_200 }, () => dead.newMember(7 as User));
  const stays = alive.newMember(8 as User);
  for (const channel of [tracked, plain]) {
    await alive.report(channel, 1, { kept: [stays] });
    await dead.report(channel, 1_200, { kept: gone });
  }
  await beat(dead, 60_000);
  await beat(alive, 0);
  const sweeper = cluster.sweeper();
  await sweeper.sweepNodes();
  assert.deepEqual(await sweeper.sweepNodes(), { nodes: 1, sessions: 0 });
  for (const channel of [tracked, plain]) {
    assert.deepEqual([await users(channel), await cluster.channels.count(app, channel)], [[8], 1]);
  }
  const moves = await movesOf(alive, 1_200);
  assert.deepEqual(new Set(moves), new Set(gone.map((member) => line(tracked, 'left', member))));
  const left = (await redis.cli('KEYS', `${cluster.config.prefix}:*${dead.id}`)) as string[];
  assert.equal(left.length, 1, 'for an hour it is known who was announced as gone');
  assert.ok(Number(await redis.cli('PTTL', left[0] as string)) > 0);
});

test('a node that was taken for dead announces its members again, others do not', async () => {
  const channel = newChannel();
  const [slow, alive] = await Promise.all([cluster.node(), cluster.node()]);
  const [a, b] = [slow.newMember(1 as User), alive.newMember(2 as User)];
  await alive.report(channel, 1, { joined: [b] });
  await slow.report(channel, 1, { joined: [a] });
  await beat(slow, 60_000);
  const sweeper = cluster.sweeper();
  await sweeper.sweepNodes();
  await sweeper.sweepNodes();
  await movesOf(alive, 3);
  await slow.report(channel, 1, { kept: [a] });
  await slow.report(channel, 1, { kept: [a] });
  await alive.report(channel, 1, { kept: [b] });
  assert.deepEqual(await movesOf(alive, 4), [
    line(channel, 'joined', b),
    line(channel, 'joined', a),
    line(channel, 'left', a),
    line(channel, 'joined', a),
  ]);
});

test('[V12] a report that Redis does not take: it is away', async () => {
  const channel = newChannel();
  const node = await cluster.node();
  const joined = [node.newMember(1 as User)];
  await redis.cli('CONFIG', 'SET', 'min-replicas-to-write', '1');
  try {
    await assert.rejects(node.report(channel, 1, { joined }), {
      name: 'RedisUnavailable',
      stored: 'no',
    });
  } finally {
    await redis.cli('CONFIG', 'SET', 'min-replicas-to-write', '0');
  }
});
