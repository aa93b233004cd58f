import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Channel, User } from '@encke/protocol';
import { eventually, type RedisServer, startProxy, startRedis } from '@encke/testing';
import { app, openTestCluster, type TestCluster } from './cluster.fixture.ts';
import { RedisUnavailable } from './unavailable.ts';

let redis: RedisServer;
before(async () => {
  redis = await startRedis();
});
after(async () => {
  redis?.resume();
  await redis?.stop();
});

const news = 'news' as Channel;
const room = 'track_room' as Channel;
const publish = (cluster: TestCluster, channel: Channel, data: string) =>
  cluster.channels.publish({ app, channel, event: '', data: JSON.stringify(data) });
const texts = async (cluster: TestCluster, channel: Channel) =>
  (await cluster.channels.history(app, channel)).messages.map(({ data }) => JSON.parse(data));

test('Redis comes back empty: another epoch, and the next reports make the counts right', async () => {
  const cluster = await openTestCluster(redis.url);
  try {
    const { channels } = cluster;
    await channels.setHistory(app, news, 10);
    const { position } = await publish(cluster, news, 'before');
    const node = await cluster.node();
    const members = [node.newMember(1 as User), node.newMember(2 as User)];
    await node.report(room, 2, { joined: members });
    await eventually(() => assert.equal(node.moves.length, 2));
    await redis.restartEmpty();
    assert.equal(await eventually(() => channels.count(app, room)), 0);
    await eventually(() => assert.ok(node.bus.up(), 'not subscribed yet'));
    await node.report(room, 2, { kept: members });
    assert.equal(await channels.count(app, room), 2);
    assert.equal((await channels.members(app, room)).length, 2);
    assert.equal((await publish(cluster, room, 'x')).subscribers, 2);
    await eventually(() => assert.equal(node.heard.length, 1));
    assert.equal(node.moves.length, 2, 'nobody came or went');
    assert.equal((await channels.history(app, news, position)).complete, false);
    await channels.setHistory(app, news, 10);
    await publish(cluster, news, 'after');
    const anew = await channels.history(app, news, position);
    assert.equal(anew.complete, false);
    assert.notEqual(anew.position?.epoch, position?.epoch);
  } finally {
    await cluster.stop();
  }
});

test('a report whose answer is lost is given again, and nobody is told twice', async () => {
  const cluster = await openTestCluster(redis.url);
  const proxy = await startProxy({ target: redis.port });
  const far = await openTestCluster(`redis://${proxy.address}`, { prefix: cluster.config.prefix });
  try {
    const [watch, shy] = [await cluster.node(), await far.node({ listens: false })];
    await watch.report(room, 1, { joined: [watch.newMember(9 as User)] });
    const [a, b] = [shy.newMember(1 as User), shy.newMember(2 as User)];
    await shy.report(room, 1, { joined: [a] });
    proxy.stallToClient();
    const lost = shy.report(room, 2, { joined: [b] });
    const failure = assert.rejects(
      lost,
      (error) => error instanceof RedisUnavailable && error.stored === 'unknown',
    );
    await eventually(() => assert.equal(watch.moves.length, 3));
    proxy.heal();
    await failure;
    await eventually(() => shy.report(room, 2, { joined: [b] }));
    await eventually(() => shy.report(room, 0, { left: [a, b] }));
    assert.equal(await cluster.channels.count(app, room), 1);
    await eventually(() => assert.equal(watch.moves.length, 5));
    assert.deepEqual(
      watch.moves.map((move) => [move.split(' ')[1], Number(move.split(' ')[3])]),
      [
        ['joined', 9],
        ['joined', 1],
        ['joined', 2],
        ['left', 1],
        ['left', 2],
      ],
    );
  } finally {
    await far.stop();
    await proxy.stop();
    await cluster.stop();
  }
});

test('what reaches Redis while it stands still is not done later', async () => {
  const cluster = await openTestCluster(redis.url);
  try {
    const { channels } = cluster;
    await channels.setHistory(app, news, 5);
    await publish(cluster, news, 'before');
    const node = await cluster.node();
    const member = node.newMember(1 as User);
    await node.report(room, 1, { joined: [member] });
    redis.pause();
    const fails = (work: Promise<unknown>) =>
      assert.rejects(work, (error) => error instanceof RedisUnavailable);
    await Promise.all([
      fails(publish(cluster, news, 'late')),
      fails(channels.setHistory(app, news, 1)),
      fails(channels.removeSettings(app, news)),
      fails(channels.clearHistory(app, news)),
      fails(node.report(room, 0, { left: [member] })),
      fails(channels.history(app, news)),
      fails(channels.members(app, room)),
    ]);
    await Promise.all([fails(channels.count(app, room)), fails(publish(cluster, news, 'at once'))]);
    redis.resume();
    await eventually(() => publish(cluster, news, 'after'));
    assert.deepEqual(await texts(cluster, news), ['before', 'after']);
    assert.equal(await channels.settings(app, news), 5);
    assert.deepEqual(await channels.members(app, room), [member]);
    await node.report(room, 0, { left: [member] });
    assert.equal(await channels.count(app, room), 0);
  } finally {
    redis.resume();
    await cluster.stop();
  }
});

test('reports wait their turn over a pause, and the last word stands', async () => {
  const cluster = await openTestCluster(redis.url);
  try {
    const [node, watch] = await Promise.all([cluster.node(), cluster.node()]);
    const member = node.newMember(1 as User);
    const other = watch.newMember(2 as User);
    await watch.report(room, 1, { kept: [other] });
    redis.pause();
    const first = node.report(room, 1, { joined: [member] });
    await new Promise((resolve) => setImmediate(resolve));
    const second = node.report(room, 0, { left: [member] });
    const third = node.report(room, 1, { joined: [member] });
    redis.resume();
    await Promise.all([first, second, third]);
    assert.equal((await cluster.channels.members(app, room)).length, 2);
    await eventually(() => assert.equal(watch.moves.length, 3));
    assert.deepEqual(
      watch.moves.map((move) => move.split(' ')[1]),
      ['joined', 'left', 'joined'],
    );
    await Promise.all([
      node.report(room, 0, { left: [member] }),
      watch.report(room, 0, { left: [other] }),
    ]);
    assert.deepEqual(await redis.cli('KEYS', `${cluster.config.prefix}:*`), []);
  } finally {
    redis.resume();
    await cluster.stop();
  }
});
