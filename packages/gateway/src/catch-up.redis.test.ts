import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Cluster, openCluster, type Registry } from '@encke/cluster';
import { newNode, type User } from '@encke/protocol';
import { eventually, type RedisServer, startRedis } from '@encke/testing';
import { CatchUp } from './catch-up.ts';
import { message, newSession, seqsOf } from './session.fixture.ts';

let redis: RedisServer;
let cluster: Cluster;
let registry: Registry;
before(async () => {
  redis = await startRedis();
  cluster = await openCluster({
    ...{ redis: { url: redis.url, mode: 'single' }, prefix: 'catch-up' },
    ...{ offlineTtl: 600, inboxMax: 1000, resumeWindow: 60, deviceLimit: 16, offlineGrace: 3 },
    ...{ pingInterval: 25, pongTimeout: 10 },
  });
  const nothing = () => {};
  const handlers = { message: nothing, evicted: nothing, close: nothing, revoked: nothing };
  registry = cluster.join(
    newNode(),
    { ...handlers, up: nothing, down: nothing, lag: nothing },
    nothing,
  ).registry;
});
after(async () => {
  await cluster?.close();
  await redis?.stop();
});

const sendBuffer = 512 * 1024;
const newCatchUp = (faults: unknown[] = []) =>
  new CatchUp(
    cluster.inbox,
    () => registry,
    sendBuffer,
    (error) => faults.push(error),
  );

let users = 0;

/** A user with a live session at the beginning of an inbox that holds `count` messages. */
async function behind(wire: 'v1' | 'legacy', count: number, ttl?: number) {
  users += 1;
  const made = newSession(wire);
  const { session } = made;
  session.user = users as User;
  session.target = `1:${users}`;
  const append = (data: string, more: { ttl?: number } = {}) =>
    cluster.append({
      ...{ app: session.app, user: session.user },
      ...{ event: 'e', data: JSON.stringify(data), ...more },
    });
  const all = Array.from({ length: count }, (_, i) =>
    append(`m${i + 1}`, ttl === undefined ? {} : { ttl }),
  );
  const [first] = await Promise.all(all);
  session.startAt(first?.id.split('-')[0] ?? '', 0);
  return { ...made, append };
}

const isLive = (session: { state: string }) =>
  eventually(() => assert.equal(session.state, 'live'));

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

test('a session that is behind is sent all of its inbox, in order, once', async () => {
  const { session, socket } = await behind('v1', 300);
  newCatchUp().start(session);
  await isLive(session);
  assert.deepEqual(seqsOf(socket), upTo(300));
});

test('on the old wire a receipt is awaited between two pages', async () => {
  const { session, socket } = await behind('legacy', 100);
  newCatchUp().start(session);
  await eventually(() => assert.deepEqual(seqsOf(socket), upTo(64)));
  assert.deepEqual(socket.pings, ['64']);
  session.pong('64');
  await isLive(session);
  assert.deepEqual(seqsOf(socket), upTo(100));
});

test('[D4] what the bus brought while the inbox was read follows, once', async () => {
  const { session, socket } = await behind('v1', 3);
  newCatchUp().start(session);
  for (const seq of [2, 3, 4, 5]) session.hold(message(seq, session.epoch));
  await isLive(session);
  await eventually(() => assert.deepEqual(seqsOf(socket), upTo(5)));
});

test('[D2] when the bus lost one of them, the inbox is read again', async () => {
  const { session, socket, append } = await behind('v1', 3);
  const { app, user, epoch } = session;
  const read = await cluster.inbox.read(app, user, { epoch, seq: 0 });
  await append('m4');
  await append('m5');
  session.state = 'attaching';
  session.hold(message(5, epoch));
  newCatchUp().begin(session, read?.page ?? assert.fail());
  await isLive(session);
  assert.deepEqual(seqsOf(socket), upTo(5));
});

test('[D2] and also when more came than is held', async () => {
  const { session, socket } = await behind('v1', 200);
  newCatchUp().start(session);
  for (let seq = 10; seq <= 200; seq++) session.hold(message(seq, session.epoch));
  await isLive(session);
  assert.deepEqual(seqsOf(socket), upTo(200));
});

test('[V7] [D6] a position of another epoch is told, and everything there is sent', async () => {
  const { session, socket } = await behind('v1', 3);
  const { epoch } = session;
  session.startAt('zzzzzzzzzz', 40);
  newCatchUp().start(session);
  await isLive(session);
  const [missed] = socket.texts.map((text) => JSON.parse(text));
  assert.deepEqual(missed, { type: 'missed', epoch, seq: 0 });
  assert.deepEqual(seqsOf(socket), upTo(3));
});

test('[D6] a session that was sent more than Redis knows gets a new epoch, so that no id is used twice', async () => {
  const { session, append } = await behind('legacy', 3);
  const { epoch } = session;
  session.since = Date.now();
  session.startAt(epoch, 5);
  newCatchUp().start(session);
  await isLive(session);
  assert.notEqual(session.epoch, epoch);
  assert.equal(session.sent, 3);
  const { id } = await append('the next');
  assert.equal(id, `${session.epoch}-4`);
});

test('[D6] numbers that were used twice are sent again under a new epoch', async () => {
  const { session, socket } = await behind('v1', 3);
  const { epoch } = session;
  session.since = Date.now();
  session.startAt(epoch, 2);
  // What it was sent as 1 and 2 came before what has these numbers now.
  session.sentTime = Date.now() - 60_000;
  session.contradicted = true;
  newCatchUp().start(session);
  await isLive(session);
  assert.notEqual(session.epoch, epoch);
  assert.equal(session.contradicted, false);
  assert.deepEqual(seqsOf(socket), upTo(3));
});

test('a user whom Redis has lost is made anew', async () => {
  const { session } = await behind('v1', 0);
  session.startAt('zzzzzzzzzz', 40);
  newCatchUp().start(session);
  await isLive(session);
  assert.notEqual(session.epoch, 'zzzzzzzzzz');
  assert.equal(session.sent, 0);
});

test('expired messages are passed over', async () => {
  const { session, socket, append } = await behind('v1', 3, 0.01);
  await append('stays');
  await eventually(async () =>
    assert.equal((await cluster.undelivered(session.app, session.user)).length, 1),
  );
  newCatchUp().start(session);
  await isLive(session);
  assert.deepEqual(seqsOf(socket), [4]);
});

test('no second page is read while the socket is full', async () => {
  const { session, socket } = await behind('v1', 100);
  socket.full = sendBuffer;
  const catchUp = newCatchUp();
  session.state = 'live';
  catchUp.start(session);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(seqsOf(socket), []);
  socket.full = 0;
  socket.emit('drain');
  await isLive(session);
  assert.deepEqual(seqsOf(socket), upTo(100));
});

test('a socket that has emptied is noticed, however small the send buffer', async () => {
  const { session, socket } = await behind('v1', 3);
  const small = new CatchUp(cluster.inbox, () => registry, 16_384, assert.fail);
  // Under the stream's own high-water mark: write() says true, and no `drain` will come.
  socket.full = 5_000;
  small.start(session);
  await new Promise((resolve) => setImmediate(resolve));
  socket.full = 0;
  await isLive(session);
});

test('sessions that do not read keep nobody else from reading', async () => {
  const catchUp = newCatchUp();
  const stuck = await Promise.all(upTo(256).map(() => behind('v1', 1)));
  for (const { session, socket } of stuck) {
    socket.full = sendBuffer;
    catchUp.start(session);
  }
  const { session, socket } = await behind('v1', 3);
  catchUp.start(session);
  await isLive(session);
  assert.deepEqual(seqsOf(socket), upTo(3));
});

test('nor do old pages that answer no ping', async () => {
  const catchUp = newCatchUp();
  const stuck = await Promise.all(upTo(256).map(() => behind('legacy', 1)));
  for (const { session } of stuck) {
    session.deliver(message(1, session.epoch), false);
    catchUp.start(session);
  }
  const { session, socket } = await behind('legacy', 3);
  catchUp.start(session);
  await isLive(session);
  assert.deepEqual(seqsOf(socket), upTo(3));
});

test('nothing is waited for when there was nothing to confirm', async () => {
  const { session, append } = await behind('legacy', 3, 0.01);
  await eventually(async () =>
    assert.equal((await cluster.undelivered(session.app, session.user)).length, 0),
  );
  const catchUp = newCatchUp();
  catchUp.start(session);
  await isLive(session);
  assert.equal(session.sent, 3);
  // No ping is on its way, for nothing was written.
  await append('m4');
  catchUp.start(session);
  await isLive(session);
});

test('a session that ends while it reads is let go', async () => {
  const faults: unknown[] = [];
  const { session, socket } = await behind('v1', 200);
  socket.full = sendBuffer;
  newCatchUp(faults).start(session);
  session.end('moved');
  socket.emit('close');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([seqsOf(socket), faults], [[], []]);
});
