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
import { countOnline, lastOnline, settleOffline } from './presence.ts';

/** Seconds; the tests end it themselves. */
const GRACE = 60;

let redis: RedisServer;
let cluster: TestCluster;
/** Two gateways, and one whose browsers watch. */
let [one, two, watcher]: TestNode[] = [];
before(async () => {
  redis = await startRedis();
  cluster = await openTestCluster(redis.url, { offlineGrace: GRACE });
  [one, two, watcher] = await Promise.all([cluster.node(), cluster.node(), cluster.node()]);
});
after(async () => {
  await cluster?.stop();
  await redis?.stop();
});

const gateway = (node: TestNode | undefined): TestNode => node as TestNode;
const leavingKey = (user: User) => cluster.context.keys.leaving(cluster.keysOf(user).partition);
const lastSeen = async (user: User) => (await lastOnline(cluster.context, app, user)).last;

/** A user whose status somebody at `watcher` has subscribed to. */
async function watchedUser(): Promise<User> {
  const user = newUser();
  await cluster.users.setHash(app, user, 'key');
  const { keys } = cluster.context;
  const route = keys.watchers(`${app}:${user}`, cluster.keysOf(user).partition);
  await redis.cli('HSET', route, gateway(watcher).id, 1);
  return user;
}

/** What the watchers were told of the user. */
const news = (user: User): string[] =>
  gateway(watcher)
    .presences.filter((line) => line.startsWith(`${app}:user_status_${user} `))
    .map((line) => line.split(' ')[1] as string);

const told = (user: User, ...expected: string[]) =>
  eventually(() => assert.deepEqual(news(user), expected));

type Attached = Awaited<ReturnType<TestNode['attach']>>;

const leave = (node: TestNode | undefined, { ref, epoch, cursor }: Attached) =>
  gateway(node).registry.detach({ ...ref, epoch, cursor });

/** The grace time is over. */
const elapse = (user: User) => redis.cli('ZADD', leavingKey(user), 'XX', 1, `${app}:${user}`);

const settle = () => settleOffline(cluster.context);

test('one online for the first session on any node, one offline for the last', async () => {
  const user = await watchedUser();
  assert.equal(await lastSeen(user), null);
  const [a, b] = await Promise.all([
    gateway(one).attach(user, phone),
    gateway(two).attach(user, laptop),
  ]);
  assert.deepEqual([a.cameOnline, b.cameOnline].sort(), [false, true]);
  await told(user, 'online');
  const tabs = await Promise.all(Array.from({ length: 5 }, () => gateway(one).attach(user, phone)));
  assert.equal(await lastSeen(user), 0);
  for (const tab of tabs) await leave(one, tab);
  await leave(two, b);
  assert.equal(await settle(), 0);
  await leave(one, a);
  assert.equal(await lastSeen(user), 0, 'the grace time counts as online');
  assert.equal((await cluster.users.state(app, user)).online, true);
  assert.equal(await settle(), 0);
  await elapse(user);
  assert.equal(await settle(), 1);
  await told(user, 'online', 'offline');
  const seconds = (await lastSeen(user)) ?? 0;
  assert.ok(Math.abs(Date.now() / 1000 - seconds) < 30, `last seen ${seconds}`);
  await gateway(two).attach(user, phone);
  await told(user, 'online', 'offline', 'online');
});

test('a reload makes no noise', async () => {
  const user = await watchedUser();
  for (let i = 0; i < 5; i++) {
    const page = await gateway(i % 2 ? one : two).attach(user, phone);
    await leave(i % 2 ? one : two, page);
  }
  const { cameOnline } = await gateway(one).attach(user, phone);
  assert.equal(cameOnline, false);
  assert.equal(await redis.cli('ZSCORE', leavingKey(user), `${app}:${user}`), null);
  await told(user, 'online');
});

test('when the grace is over the user is offline, also while no worker runs', async () => {
  const user = await watchedUser();
  const before = await countOnline(cluster.context);
  await leave(one, await gateway(one).attach(user, phone));
  assert.equal(await countOnline(cluster.context), before + 1);
  await elapse(user);
  assert.notEqual(await lastSeen(user), 0);
  assert.equal((await cluster.users.state(app, user)).online, false);
  assert.equal(await countOnline(cluster.context), before);
  await told(user, 'online');
  assert.equal(await settle(), 1, 'the news is the job of the worker');
  await told(user, 'online', 'offline');
  assert.equal(await countOnline(cluster.context), before);
});

test('a node that was killed: offline once, after it was swept', async () => {
  const user = await watchedUser();
  const dead = await cluster.node();
  await dead.attach(user, phone);
  dead.stop();
  await redis.cli('ZADD', cluster.context.keys.nodes, Date.now() - 60_000, dead.id);
  const sweeper = cluster.sweeper();
  await sweeper.sweepNodes();
  await sweeper.sweepNodes();
  await elapse(user);
  assert.equal(await sweeper.settleOffline(), 1);
  assert.equal(await sweeper.settleOffline(), 0);
  await told(user, 'online', 'offline');
});

test('a grace that began before the clock of Redis was set back ends in time', async (t) => {
  const { prefix } = cluster.config;
  const { context, stop } = await openTestCluster(redis.url, { prefix, offlineGrace: 0.5 });
  t.after(stop);
  const hours = 5 * 3_600_000;
  const leaving = async (): Promise<User> => {
    const user = await watchedUser();
    await leave(one, await gateway(one).attach(user, phone));
    await redis.cli('ZADD', leavingKey(user), Date.now() + hours, `${app}:${user}`);
    return user;
  };
  const user = await leaving();
  let settled = 0;
  await eventually(async () => {
    settled += await settleOffline(context);
    assert.equal(settled, 1);
  });
  await told(user, 'online', 'offline');
  assert.notEqual((await lastOnline(context, app, user)).last, 0);

  const asked = await leaving();
  await eventually(async () => assert.notEqual((await lastOnline(context, app, asked)).last, 0));
  assert.equal(await settle(), 1);
});

test('the clock of this process does not matter', async (t) => {
  const user = await watchedUser();
  await leave(one, await gateway(one).attach(user, phone));
  const hour = 3_600_000;
  const real = Date.now;
  t.after(() => {
    Date.now = real;
  });
  Date.now = () => real() + hour;
  assert.equal(await settle(), 0, 'the grace is not over');
  await elapse(user);
  Date.now = () => real() - hour;
  assert.equal(await settle(), 1);
  await told(user, 'online', 'offline');
});

const register = async (node: TestNode | undefined, { ref, since, epoch }: Attached) => {
  const answer = await gateway(node).registry.register({
    ...{ ...ref, since, epoch },
    ...{ sent: 0, sentTime: 0, cursor: 0 },
  });
  assert.ok(typeof answer !== 'string', `to be closed: ${answer}`);
};

test('who was settled offline by mistake comes online again when the gateway registers', async () => {
  const user = await watchedUser();
  const page = await gateway(one).attach(user, phone);
  await gateway(one).registry.prune(app, user, []);
  await elapse(user);
  assert.equal(await settle(), 1);
  await told(user, 'online', 'offline');
  await register(one, page);
  await told(user, 'online', 'offline', 'online');
  await register(one, page);
  assert.equal(await lastSeen(user), 0);
  assert.equal(news(user).length, 3, 'once');
});

test('a user who is new because Redis lost everything makes no news', async () => {
  const user = await watchedUser();
  const page = await gateway(one).attach(user, phone);
  await told(user, 'online');
  const { record, inbox, sessions, cursors, auth, partition } = cluster.keysOf(user);
  const online = cluster.context.keys.online(partition);
  await redis.cli('DEL', record, inbox, sessions, cursors, auth, online);
  await cluster.append(user, 'makes the record anew');
  const before = await countOnline(cluster.context);
  await register(one, page);
  assert.equal(await countOnline(cluster.context), before + 1);
  await leave(one, page);
  await elapse(user);
  assert.equal(await settle(), 1);
  await told(user, 'online', 'offline');
});

test('a node of watchers that does not listen leaves the route', async () => {
  const user = await watchedUser();
  const { keys } = cluster.context;
  const route = keys.watchers(`${app}:${user}`, cluster.keysOf(user).partition);
  await redis.cli('HSET', route, 'deadnode0000', 3);
  await gateway(one).attach(user, phone);
  await told(user, 'online');
  assert.deepEqual(await redis.cli('HKEYS', route), [gateway(watcher).id]);
});
