import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type AckOrder, type Cluster, openCluster, type Registry } from '@encke/cluster';
import { newNode, type User } from '@encke/protocol';
import { eventually, type RedisServer, startRedis } from '@encke/testing';
import { Departures } from './departures.ts';
import { Receipts } from './receipts.ts';
import { newSession, TestHouse } from './session.fixture.ts';

let redis: RedisServer;
let cluster: Cluster;
let registry: Registry;
before(async () => {
  redis = await startRedis();
  cluster = await openCluster({
    ...{ redis: { url: redis.url, mode: 'single' }, prefix: 'receipts' },
    ...{ offlineTtl: 600, inboxMax: 1000, resumeWindow: 60, deviceLimit: 16, offlineGrace: 3 },
    ...{ pingInterval: 25, pongTimeout: 10 },
  });
  const nothing = () => {};
  const bus = { message: nothing, evicted: nothing, close: nothing, revoked: nothing };
  const handlers = { ...bus, up: nothing, down: nothing, lag: nothing };
  registry = cluster.join(newNode(), handlers, nothing).registry;
});
after(async () => {
  redis?.resume();
  await cluster?.close();
  await redis?.stop();
});

let users = 0;

class HouseWithReceipts extends TestHouse {
  override readonly receipts: never;
  constructor(receipts: Receipts) {
    super();
    this.receipts = receipts as never;
  }
}

/** An attached session that was sent `count` messages. */
async function attached(receipts: Receipts, count: number) {
  users += 1;
  const user = users as User;
  const { session } = newSession('v1', new HouseWithReceipts(receipts));
  const { app, device } = session;
  session.user = user;
  session.target = `${app}:${user}`;
  await cluster.setHash(app, user, 'k');
  const answer = await registry.attach({ app, user, session: session.id, device, key: 'k' });
  session.startAt(answer?.epoch ?? '', 0);
  for (let i = 0; i < count; i++) await cluster.append({ app, user, event: '', data: `"${i}"` });
  const read = await cluster.inbox.read(app, user, { epoch: session.epoch, seq: 0 });
  for (const entry of read?.page.entries ?? []) session.deliver(entry, true);
  session.registered = true;
  const left = async () => (await cluster.undelivered(app, user)).length;
  const registered = async () => (await cluster.user(app, user)).sessions.length > 0;
  return { session, left, registered };
}

const becomes = <T>(read: () => Promise<T>, expected: T) =>
  eventually(async () => assert.equal(await read(), expected));

test('what peers confirm is told to Redis a moment later', async () => {
  const receipts = new Receipts(() => registry);
  const [one, other] = await Promise.all([attached(receipts, 3), attached(receipts, 2)]);
  one.session.confirm(2);
  other.session.confirm(2);
  await becomes(one.left, 1);
  await becomes(other.left, 0);
});

test('in a stream one receipt stands for many', async () => {
  const told: number[] = [];
  const counting = Object.create(registry, {
    ack: {
      value: (orders: readonly AckOrder[]) => {
        told.push(...orders.map(({ seq }) => seq));
        return registry.ack(orders);
      },
    },
  }) as Registry;
  const { session, left } = await attached(new Receipts(() => counting), 50);
  for (let seq = 1; seq <= 50; seq += 1) {
    session.confirm(seq);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await becomes(left, 0);
  assert.ok(told.length < 25, `${told.length} of 50`);
});

test('what a session told goes ahead of its departure', async () => {
  const receipts = new Receipts(() => registry);
  const departures = new Departures(() => registry);
  const { session, left } = await attached(receipts, 3);
  session.confirm(2);
  receipts.left(session);
  departures.add(session);
  await departures.settled();
  assert.equal(await left(), 1);
});

test('flush tells at once', async () => {
  const receipts = new Receipts(() => registry);
  const { session, left } = await attached(receipts, 3);
  session.confirm(3);
  await receipts.flush();
  assert.equal(await left(), 0);
  receipts.stop();
});

test('what was confirmed while Redis was away is told when it is back', async () => {
  const receipts = new Receipts(() => registry);
  const { session, left } = await attached(receipts, 3);
  redis.pause();
  session.confirm(1);
  await receipts.flush();
  session.confirm(3);
  redis.resume();
  await becomes(left, 0);
});

test('a session that left is taken out of the registry', async () => {
  const departures = new Departures(() => registry);
  const { session, registered } = await attached(new Receipts(() => registry), 0);
  assert.equal(await registered(), true);
  departures.add(session);
  await departures.settled();
  assert.equal(await registered(), false);
});

test('also when it left while Redis was away', async () => {
  const departures = new Departures(() => registry);
  const receipts = new Receipts(() => registry);
  const [first, second] = await Promise.all([attached(receipts, 0), attached(receipts, 0)]);
  redis.pause();
  departures.add(first.session);
  await assert.rejects(cluster.append({ ...first.session, event: '', data: '0' }));
  departures.add(second.session);
  redis.resume();
  await departures.settled();
  assert.deepEqual([await first.registered(), await second.registered()], [false, false]);
});

test('many at once', async () => {
  const departures = new Departures(() => registry);
  const receipts = new Receipts(() => registry);
  const all: Awaited<ReturnType<typeof attached>>[] = [];
  // Each must be answered within the command timeout.
  while (all.length < 1_200)
    all.push(...(await Promise.all(Array.from({ length: 100 }, () => attached(receipts, 0)))));
  for (const { session } of all) departures.add(session);
  await departures.settled();
  const registered = await Promise.all(all.map((one) => one.registered()));
  assert.equal(registered.filter(Boolean).length, 0);
});
