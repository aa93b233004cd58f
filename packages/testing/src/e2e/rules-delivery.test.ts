/** The rules [D1] to [D9], [D12], [D14] and [V7] of PROTOCOL.md, message by message, over two gateways. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  ApiError,
  eventually,
  eventuallyDelivered,
  LegacyDevice,
  startNodes,
  startRedis,
  V1Device,
} from '@encke/testing';
import { Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  const redis = await startRedis();
  stage = new Stage(redis, await startNodes({ redis }));
});
after(() => stage?.close());

/** One command on the Redis of this stage. */
const redis = async (...words: (string | number)[]) => (await stage.redis.all(...words))[0];

const seqs = (device: V1Device) => device.messages.map(({ seq }) => seq);
const left = async (user: number) => (await stage.api.undelivered(user)).map(({ seq }) => seq);
const confirmed = (user: number) => eventually(async () => assert.deepEqual(await left(user), []));

test('[D1] through a dropped connection, on both wires: once and in order in the app', async () => {
  const person = await stage.person();
  const devices = await stage.roamBoth([person]);
  for (let i = 0; i < 60; i += 1) {
    if (i % 20 === 10) for (const device of devices) device.drop();
    await stage.ledger.send({ user: person.user, data: i });
  }
  await eventuallyDelivered(stage.ledger.expected(), devices);
});

test('[D2] a message that the bus lost is read from the inbox, in order', async (t) => {
  const { user, key } = await stage.person();
  const device = await V1Device.connect(stage.gateway(1), { user, key });
  t.after(() => device.drop());
  await stage.api.send(user, 'live');
  await device.message(1);
  // The registry does not know the session for one message, so its gateway is not told.
  const [sessions] = (await redis('KEYS', `*:sessions:1:${user}`)) as string[];
  const [session, entry] = (await redis('HGETALL', sessions ?? '')) as string[];
  await redis('HDEL', sessions ?? '', session ?? '');
  assert.equal((await stage.api.send(user, 'lost')).sessions, 0);
  await redis('HSET', sessions ?? '', session ?? '', entry ?? '');
  assert.equal((await stage.api.send(user, 'next')).sessions, 1);
  await device.message(3);
  assert.deepEqual(
    device.messages.map(({ seq, data, queued }) => [seq, data, queued]),
    [
      [1, 'live', undefined],
      [2, 'lost', true],
      [3, 'next', true],
    ],
  );
});

test('[D3] a gateway registers its sessions again when Redis has forgotten them', async (t) => {
  const { user, key } = await stage.person();
  const device = await V1Device.connect(stage.gateway(1), { user, key });
  t.after(() => device.drop());
  const [sessions] = (await redis('KEYS', `*:sessions:1:${user}`)) as string[];
  const [nodes] = (await redis('KEYS', '*:{nodes}')) as string[];
  const beat = () => redis('ZSCORE', nodes ?? '', stage.process(1).node ?? '');
  const last = await beat();
  // The next beat, which mends it, is two seconds away.
  await eventually(async () => assert.notEqual(await beat(), last));
  await redis('DEL', sessions ?? '', nodes ?? '');
  assert.equal((await stage.api.send(user, 'told nobody')).sessions, 0);
  await device.message(1);
  assert.equal((await stage.api.user(user)).sessions.length, 1);
  await redis('CLIENT', 'KILL', 'TYPE', 'pubsub');
  const { id } = await stage.api.send(user, 'without a bus');
  assert.equal((await device.message(2)).id, id);
  await eventually(async () => assert.equal((await stage.api.user(user)).sessions.length, 1));
  assert.equal(device.closedWith, undefined);
});

test('[D4] messages that come while a device attaches follow its backlog', async (t) => {
  const { user, key } = await stage.person();
  const count = 120;
  const devices: V1Device[] = [];
  t.after(() => Promise.all(devices.map((device) => device.drop())));
  for (let i = 1; i <= count; i += 1) {
    if (i % 20 === 0)
      devices.push(new V1Device(stage.gateway(i % 40 && 1), { user, key, autoAck: false }));
    await stage.api.send(user, i);
  }
  const all = Array.from({ length: count }, (_, i) => i + 1);
  for (const device of devices) {
    await device.message(count);
    assert.deepEqual(seqs(device), all);
  }
});

test('[D5] one order for everybody: that of the batch, without gaps, in time', async (t) => {
  const { user, key } = await stage.person();
  const devices = [
    await V1Device.connect(stage.gateway(0), { user, key }),
    await V1Device.connect(stage.gateway(1), { user, key }),
  ];
  t.after(() => Promise.all(devices.map((device) => device.drop())));
  const orders = Array.from({ length: 100 }, (_, data) => ({ user, data }));
  const results = await stage.api.sendMany(orders);
  const all = orders.map((_, i) => i + 1);
  assert.deepEqual(
    results.map(({ seq }) => seq),
    all,
  );
  for (const device of devices) {
    await device.message(100);
    assert.deepEqual(seqs(device), all);
    assert.deepEqual(
      device.messages.map(({ data }) => data),
      orders.map(({ data }) => data),
    );
    const times = device.messages.map(({ time }) => time);
    assert.deepEqual(times, [...times].sort());
  }
});

test('[D7] where a session is served from: its resume, its device, or what anybody confirmed', async () => {
  const { user, key } = await stage.person();
  const connect = (gateway: number, more: object) =>
    V1Device.connect(stage.gateway(gateway), { user, key, autoAck: false, ...more });
  const phone = await connect(0, { device: 'phone' });
  const laptop = await connect(1, { device: 'laptop' });
  await stage.api.send(user, 'one');
  await stage.api.send(user, 'two');
  await Promise.all([phone.message(2), laptop.message(2)]);
  laptop.ack(1);
  await eventually(async () => assert.deepEqual(await left(user), [2]));
  phone.ack(2);
  await confirmed(user);
  await laptop.drop();
  const epoch = (await phone.ready).epoch ?? '';
  const answers: unknown[] = [];
  for (const more of [
    { device: 'laptop' },
    { device: 'laptop', resume: { epoch, seq: 0 } },
    { device: 'tablet' },
    { device: 'watch', resume: { epoch, seq: 1 } },
  ]) {
    const device = await connect(1, more);
    const { seq, resumed } = await device.ready;
    answers.push([seq, resumed]);
    await device.drop();
  }
  assert.deepEqual(answers, [
    [1, true],
    [0, true],
    [2, false],
    [1, true],
  ]);
  await phone.drop();
});

test('[D8] receipts: an ack, or the pong that has the last seq as its payload', async (t) => {
  const { user, key } = await stage.person();
  const old = await LegacyDevice.connect(stage.gateway(1), { user, key, autoPong: false });
  t.after(() => old.drop());
  await stage.api.send(user, 'one');
  await old.message(1);
  await eventually(() => assert.deepEqual(old.pings, ['1']));
  await stage.api.send(user, 'two');
  await old.message(2);
  old.socket.pong('2');
  old.socket.pong();
  assert.deepEqual(old.pings, ['1'], 'one ping at a time');
  assert.deepEqual(await left(user), [1, 2]);
  old.socket.pong('1');
  await eventually(async () => assert.deepEqual(await left(user), [2]));
  await eventually(() => assert.deepEqual(old.pings, ['1', '2']));
  old.socket.pong('2');
  await confirmed(user);
});

test('[D9] a message past its ttl is not delivered, and does not count as missed', async () => {
  const { user, key } = await stage.person();
  const first = await V1Device.connect(stage.gateway(0), { user, key, autoAck: false });
  const { epoch = '' } = await first.ready;
  await first.drop();
  await stage.api.send(user, 'short', { ttl: 4 });
  await stage.api.send(user, 'long');
  const [short, long] = await stage.api.undelivered(user);
  assert.equal((short?.expires ?? 0) - (short?.time ?? 0), 4_000);
  assert.equal((long?.expires ?? 0) - (long?.time ?? 0), 600_000);
  await eventually(() => assert.ok(Date.now() > (short?.expires ?? 0) + 100));
  const back = await V1Device.connect(stage.gateway(1), { user, key, resume: { epoch, seq: 0 } });
  assert.equal((await back.ready).resumed, true);
  assert.equal((await back.message(1)).data, 'long');
  await back.drop();
});

test('[D12] the same idempotencyKey: the first answer, and nothing is delivered', async () => {
  const { user, key } = await stage.person();
  const first = await stage.api.send(user, 'a', { idempotencyKey: 'order-1' });
  const device = await V1Device.connect(stage.gateway(1), { user, key });
  assert.deepEqual(await stage.api.send(user, 'b', { idempotencyKey: 'order-1' }), first);
  const item = { user, data: 'c', idempotencyKey: 'order-2' };
  const [one, again] = await stage.api.sendMany([item, item]);
  assert.deepEqual(again, one);
  await device.message(2);
  assert.deepEqual(
    device.messages.map(({ data }) => data),
    ['a', 'c'],
  );
  await device.drop();
});

test('[D14] 202 means stored; 503 with stored "no" means that it was not and will not be', async () => {
  const { user } = await stage.person();
  const accepted = await stage.api.send(user, 'before');
  assert.deepEqual(accepted, { id: accepted.id, seq: 1, sessions: 0, queued: true });
  stage.redis.pause();
  // The first waits for its answer in vain; then it is known that Redis is away.
  for (const data of ['during', 'still during']) {
    const from = performance.now();
    await assert.rejects(stage.api.send(user, data), (error) => {
      assert.ok(error instanceof ApiError);
      assert.equal(error.status, 503);
      if (data === 'still during') assert.equal(error.problem.stored, 'no');
      return true;
    });
    assert.ok(performance.now() - from < 8_000);
  }
  stage.redis.resume();
  await eventually(() => stage.api.send(user, 'after'));
  assert.deepEqual(
    (await stage.api.undelivered(user)).map(({ data }) => data),
    ['before', 'after'],
  );
});

test('[D6] [V4] [V7] Redis has lost its data: a new epoch, and everybody who can be told is told', async (t) => {
  const { user, key } = await stage.person();
  const device = await V1Device.connect(stage.gateway(0), { user, key });
  t.after(() => device.drop());
  const { epoch = '' } = await device.ready;
  await stage.api.send(user, 'one');
  await device.message(1);
  await stage.redis.restartEmpty();
  const missed = await device.frame('missed');
  assert.deepEqual(missed, { type: 'missed', epoch: missed.epoch, seq: 0 });
  assert.notEqual(missed.epoch, epoch);
  const { id } = await eventually(() => stage.api.send(user, 'two'));
  assert.equal(id, `${missed.epoch}-1`);
  assert.equal((await device.message(2)).id, id);
  await eventually(() => stage.api.setHash(user, key));
  const back = await V1Device.connect(stage.gateway(1), { user, key, resume: { epoch, seq: 1 } });
  t.after(() => back.drop());
  const { session: _, ...ready } = await back.ready;
  const now = { type: 'ready', authorized: true, epoch: missed.epoch };
  assert.deepEqual(ready, { ...now, seq: 0, resumed: false });
  await stage.redis.kill();
  const refused = new V1Device(stage.gateway(1), { user, key });
  assert.equal((await refused.closed).code, 4006);
  assert.deepEqual(refused.frames, [
    { type: 'error', code: 'unavailable', message: 'try again in a moment' },
  ]);
  await stage.redis.restartEmpty();
});
