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
} from './cluster.fixture.ts';

let redis: RedisServer;
let cluster: TestCluster;
before(async () => {
  redis = await startRedis();
  cluster = await openTestCluster(redis.url, { inboxMax: 5 });
});
after(async () => {
  await cluster?.stop();
  await redis?.stop();
});

/** A user whose devices may show the key `key`. */
async function knownUser() {
  const user = newUser();
  await cluster.users.setHash(app, user, 'key');
  return user;
}

test("[D5] a user's messages are numbered 1, 2, 3 … in the order in which they were given", async () => {
  const user = newUser();
  const texts = ['a', 'b', 'c', 'd', 'e'];
  const answers = await Promise.all(texts.map((text) => cluster.append(user, text)));
  assert.deepEqual(
    answers.map(({ seq }) => seq),
    [1, 2, 3, 4, 5],
  );
  const [epoch] = answers[0]?.id.split('-') ?? [];
  assert.match(epoch ?? '', /^[a-z0-9]{10}$/);
  assert.deepEqual(
    answers.map(({ id }) => id),
    [1, 2, 3, 4, 5].map((seq) => `${epoch}-${seq}`),
  );
  assert.deepEqual(await cluster.undelivered(user), texts);
});

test('[D5] also over more than one script call', async () => {
  const others = await openTestCluster(redis.url);
  try {
    const [one, other] = [newUser(), newUser()];
    const texts = Array.from({ length: 200 }, (_, i) => `m${i}`);
    await Promise.all(
      texts.flatMap((text) => [others.append(one, text), others.append(other, text)]),
    );
    assert.deepEqual(await others.undelivered(one), texts);
    assert.deepEqual(await others.undelivered(other), texts);
  } finally {
    await others.stop();
  }
});

test('[I8] users whose first messages come at once have ids of their own', async () => {
  const users = Array.from({ length: 100 }, newUser);
  const answers = await Promise.all(users.map((user) => cluster.append(user, 'x')));
  assert.equal(new Set(answers.map(({ id }) => id)).size, users.length);
  for (const { id } of answers) assert.match(id, /^[a-z0-9]{10}-1$/);
});

test('[I2] the same number in another app is another user', async () => {
  const user = newUser();
  await cluster.append(user, 'app 1');
  assert.deepEqual(await cluster.inbox.undelivered(2 as never, user), []);
});

test('nobody is told of a message to a user without sessions: it waits', async () => {
  const { sessions, queued } = await cluster.append(newUser(), 'x');
  assert.deepEqual([sessions, queued], [0, true]);
});

test('every gateway that holds a session is told once, however many sessions it holds', async () => {
  const user = await knownUser();
  const [one, other] = await Promise.all([cluster.node(), cluster.node()]);
  await one.attach(user, phone);
  await one.attach(user, laptop);
  await other.attach(user, phone);
  const answer = await cluster.append(user, 'hello');
  assert.deepEqual([answer.sessions, answer.queued], [3, false]);
  await eventually(() => assert.deepEqual([one.messages.length, other.messages.length], [1, 1]));
  const [heard] = one.messages;
  assert.equal(heard?.target, `${app}:${user}`);
  assert.equal(`${heard?.epoch}-${heard?.seq}`, answer.id);
  assert.deepEqual([heard?.event, heard?.data], ['e', '"hello"']);
  assert.ok(Math.abs(Date.now() - (heard?.time ?? 0)) < 5_000);
});

test('the bus carries every text unharmed', async () => {
  const user = await knownUser();
  const node = await cluster.node();
  await node.attach(user, phone);
  const texts = [' a  b ', 'line\nbreak\r\n', '\u2028 ä € 😀', "'\\' \"", ''];
  for (const text of texts) await cluster.append(user, text);
  await eventually(() => assert.equal(node.messages.length, texts.length));
  assert.deepEqual(
    node.messages.map(({ data }) => JSON.parse(data)),
    texts,
  );
});

test('messages to many users in one turn reach each gateway in one go', async () => {
  const users = await Promise.all([knownUser(), knownUser(), knownUser()]);
  const node = await cluster.node();
  for (const user of users) await node.attach(user, phone);
  const answers = await Promise.all(users.map((user) => cluster.append(user, `to ${user}`)));
  assert.deepEqual(
    answers.map(({ sessions }) => sessions),
    [1, 1, 1],
  );
  await eventually(() => assert.equal(node.messages.length, 3));
});

test('[D3] the sessions of a gateway that does not listen are dropped at once, its others stay', async () => {
  const user = await knownUser();
  const [dead, alive] = await Promise.all([cluster.node({ listens: false }), cluster.node()]);
  await dead.attach(user, phone);
  await dead.attach(user, laptop);
  const staying = await alive.attach(user, phone);
  const answer = await cluster.append(user, 'x');
  assert.equal(answer.sessions, 1);
  const { sessions } = await cluster.users.state(app, user);
  assert.deepEqual(
    sessions.map(({ session }) => session),
    [staying.ref.session],
  );
});

test('[D3] a gateway whose sessions were dropped registers them again and is told again', async () => {
  const user = await knownUser();
  const node = await cluster.node({ listens: false });
  const { ref, epoch, since } = await node.attach(user, phone);
  assert.equal((await cluster.append(user, 'while it subscribes')).sessions, 0);
  assert.deepEqual((await cluster.users.state(app, user)).sessions, []);
  node.bus.start();
  await eventually(() => assert.ok(node.bus.up(), 'not subscribed yet'));
  const order = { ...ref, since, epoch, sent: 0, sentTime: 0, cursor: 0 };
  assert.deepEqual(await node.registry.register(order), { epoch, last: 1, sessions: 1 });
  assert.equal((await cluster.append(user, 'after')).sessions, 1);
});

test('[D10] the cap pushes out the oldest and counts the unconfirmed', async () => {
  const user = newUser();
  const before = cluster.stats.overflowed;
  for (const text of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await cluster.append(user, text);
  assert.deepEqual(await cluster.undelivered(user), ['c', 'd', 'e', 'f', 'g']);
  assert.equal(cluster.stats.overflowed - before, 2);
});

test('[D10] what a device has confirmed is no loss when the cap pushes it out', async () => {
  const user = await knownUser();
  const node = await cluster.node();
  const { ref, epoch } = await node.attach(user, phone);
  const before = cluster.stats.overflowed;
  for (const text of ['a', 'b', 'c', 'd', 'e']) await cluster.append(user, text);
  await node.registry.ack([{ ...ref, epoch, seq: 3, timed: 0, time: 0, cursor: 3 }]);
  for (const text of ['f', 'g', 'h', 'i']) await cluster.append(user, text);
  assert.deepEqual(await cluster.undelivered(user), ['e', 'f', 'g', 'h', 'i']);
  assert.equal(cluster.stats.overflowed - before, 1, 'd');
});

test('[D10] an expired message is no loss either', async () => {
  const user = newUser();
  const { overflowed } = cluster.stats;
  for (const text of ['a', 'b', 'c', 'd', 'e']) await cluster.append(user, text, { ttl: 0.01 });
  await eventually(async () => {
    assert.equal((await cluster.users.state(app, user)).queued, 0);
  });
  await cluster.append(user, 'f');
  assert.deepEqual(await cluster.undelivered(user), ['f']);
  assert.equal(cluster.stats.overflowed, overflowed);
});

test('[D9] each message has its own ttl, also between others', async () => {
  const user = newUser();
  await cluster.append(user, 'a');
  await cluster.append(user, 'short', { ttl: 1 });
  await cluster.append(user, 'b', { ttl: 604_800 });
  assert.deepEqual(await cluster.undelivered(user), ['a', 'short', 'b']);
  await eventually(async () => assert.deepEqual(await cluster.undelivered(user), ['a', 'b']));
});

test('the inbox lives as long as the longest ttl in it', async () => {
  const user = newUser();
  const life = async () => Number(await redis.cli('PTTL', cluster.keysOf(user).inbox)) / 1000;
  await cluster.append(user, 'a');
  assert.ok((await life()) > 599 && (await life()) < 700, `${await life()} s`);
  await cluster.append(user, 'b', { ttl: 604_800 });
  await cluster.append(user, 'c', { ttl: 1 });
  assert.ok((await life()) > 604_799 && (await life()) < 604_900, `${await life()} s`);
});

test('a fault in the keys of one user harms no message to another in the same turn', async () => {
  const [broken, other] = [newUser(), newUser()];
  await redis.cli('SET', cluster.keysOf(broken).inbox, 'not a stream');
  const answers = await Promise.allSettled([
    cluster.append(other, 'before'),
    cluster.append(broken, 'x'),
    cluster.append(other, 'after'),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(await cluster.undelivered(other), ['before', 'after']);
});

test('[D14] a Redis that takes no writes is away: nothing was stored, and each is told so', async () => {
  const user = newUser();
  await cluster.append(user, 'before');
  await redis.cli('CONFIG', 'SET', 'maxmemory', '100kb');
  try {
    const sent = [0, 1, 2].map((n) => cluster.append(user, `refused ${n}`));
    for (const one of sent)
      await assert.rejects(one, { name: 'RedisUnavailable', stored: 'no', message: /: OOM$/ });
  } finally {
    await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
  }
  await cluster.append(user, 'after');
  assert.deepEqual(await cluster.undelivered(user), ['before', 'after']);
});
