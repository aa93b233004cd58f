import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Channel, User } from '@encke/protocol';
import { eventually, startRedis, startRedisCluster } from '@encke/testing';
import type { Member } from './channels.ts';
import { app, openTestCluster, type TestCluster, type TestNode } from './cluster.fixture.ts';

const channel = 'track_storm' as Channel;
const MESSAGES = 5_000;

/** A gateway whose sockets come and go one by one, each reported with the count of that moment. */
class Crowd {
  readonly node: TestNode;
  readonly members: readonly Member[];
  #count: number;

  constructor(node: TestNode, size: number) {
    this.node = node;
    this.members = Array.from({ length: size }, (_, i) => node.newMember((i + 1) as User));
    this.#count = size;
  }

  arrive = () => this.node.report(channel, this.members.length, { joined: this.members });

  leave = (member: Member) => {
    this.#count -= 1;
    return this.node.report(channel, this.#count, { left: [member] });
  };

  rejoin = (member: Member) => {
    this.#count += 1;
    return this.node.report(channel, this.#count, { joined: [member] });
  };
}

async function publishAll(cluster: TestCluster): Promise<void> {
  const sends: Promise<unknown>[] = [];
  for (let i = 0; i < MESSAGES; i += 1) {
    sends.push(cluster.channels.publish({ app, channel, event: '', data: String(i) }));
    // Some leave in one turn, some in turns of their own.
    if (i % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(sends);
}

async function storm(cluster: TestCluster): Promise<void> {
  const { channels } = cluster;
  await channels.setHistory(app, channel, 99);
  const lasting = await cluster.node();
  const stays = lasting.newMember(5_000 as User);
  await lasting.report(channel, 1, { joined: [stays] });
  const nodes = await Promise.all([cluster.node(), cluster.node(), cluster.node()]);
  const crowds = [334, 333, 333].map((size, i) => new Crowd(nodes[i] as TestNode, size));
  await Promise.all(crowds.map((crowd) => crowd.arrive()));
  assert.equal(await channels.count(app, channel), 1_001);
  const publishing = publishAll(cluster);
  await Promise.all(crowds.flatMap(({ members, leave }) => members.map(leave)));
  assert.equal(await channels.count(app, channel), 1);
  assert.deepEqual(await channels.members(app, channel), [stays]);
  await Promise.all(crowds.flatMap(({ members, rejoin }) => members.map(rejoin)));
  await publishing;
  assert.equal(await channels.count(app, channel), 1_001);
  assert.equal((await channels.members(app, channel)).length, 1_001);
  const { subscribers, position } = await channels.publish({ app, channel, event: '', data: '-1' });
  assert.deepEqual([subscribers, position?.seq], [1_001, MESSAGES + 1]);
  const { messages } = await channels.history(app, channel);
  assert.deepEqual(
    messages.map((message) => message.position?.seq),
    Array.from({ length: 99 }, (_, i) => MESSAGES + 1 - 98 + i),
  );
  await eventually(() => assert.equal(lasting.heard.length, MESSAGES + 1), { timeout: 60_000 });
  assert.deepEqual(
    lasting.heard.map(({ message }) => message.position?.seq),
    Array.from({ length: MESSAGES + 1 }, (_, i) => i + 1),
  );
  // Each came, went and came again, and everybody else was told so.
  await eventually(() => assert.equal(lasting.moves.length, 1 + 3 * 1_000), { timeout: 60_000 });
}

test('a thousand leave and come back while thousands of messages pass: all is exact', async () => {
  const redis = await startRedis();
  const cluster = await openTestCluster(redis.url);
  try {
    await storm(cluster);
  } finally {
    await cluster.stop();
    await redis.stop();
  }
});

test('the same on a Redis Cluster', async () => {
  const redis = await startRedisCluster();
  const config = { redis: { url: redis.url, mode: 'cluster' as const } };
  const cluster = await openTestCluster(redis.url, config);
  try {
    await storm(cluster);
    // Many channels, and so many partitions and masters, in one turn.
    const node = await cluster.node();
    const names = Array.from({ length: 300 }, (_, i) => `news_${i}` as Channel);
    await Promise.all(
      names.map((name) => node.report(name, 1, { joined: [node.newMember(1 as User)] })),
    );
    const answers = await Promise.all(
      names.map((name) => cluster.channels.publish({ app, channel: name, event: '', data: '1' })),
    );
    assert.ok(answers.every(({ subscribers }) => subscribers === 1));
    await eventually(() => assert.equal(node.heard.length, 300));
  } finally {
    await cluster.stop();
    await redis.stop();
  }
});
