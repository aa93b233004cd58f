import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import {
  eventually,
  eventuallyDelivered,
  LegacyDevice,
  randomUuid,
  type Sent,
  V1Device,
} from '@encke/testing';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await openStage({ env: { ENCKE_OFFLINE_TTL: '5', ENCKE_RESUME_WINDOW: '60' } });
});
after(() => stage?.close());

const week = 604_800;

async function fill(user: number, from: number, to: number): Promise<string[]> {
  const ids: string[] = [];
  for (let start = from; start <= to; start += 500) {
    const orders = Array.from({ length: Math.min(500, to - start + 1) }, (_, i) => ({
      user,
      data: start + i,
      ttl: week,
    }));
    for (const { id, sessions, queued } of await stage.api.sendMany(orders)) {
      assert.equal(sessions, 0);
      assert.equal(queued, true);
      ids.push(id);
    }
  }
  return ids;
}

for (const wire of ['v1', 'legacy'] as const)
  test(`1,000 messages to an offline user arrive on return, in order, once (${wire})`, async () => {
    const person = await stage.person();
    const ids = await fill(person.user, 1, 1_000);
    assert.equal((await stage.api.user(person.user)).queued, 1_000);
    const device = stage.roam(wire, person);
    await eventuallyDelivered(new Map([[person.user, ids]]), [device]);
    assert.equal(device.onWire, 1_000);
    await eventually(async () => {
      assert.deepEqual(await stage.api.undelivered(person.user), []);
      assert.equal((await stage.api.user(person.user)).queued, 0);
    });
  });

test('messages from the queue say so, on both wires', async (t) => {
  const person = await stage.person();
  await fill(person.user, 1, 2);
  const device = await V1Device.connect(stage.gateway(), { ...person, autoAck: false });
  const old = await LegacyDevice.connect(stage.gateway(), { ...person, autoPong: false });
  t.after(() => Promise.all([device.drop(), old.drop()]));
  assert.equal((await device.message(2)).queued, true);
  const { message_send_time: time, ...line } = await old.message(2);
  assert.equal(line.fromQueue, true);
  assert.ok(Math.abs(Number(time) - Date.now() / 1000) < 10, 'seconds since 1970');
  await stage.api.send(person.user, 'live');
  assert.equal((await device.message(3)).queued, undefined);
  assert.equal((await old.message(3)).fromQueue, undefined);
});

test('the 1,001st message drops the oldest and counts it', async (t) => {
  const person = await stage.person();
  const ids = await fill(person.user, 1, 1_001);
  const waiting = await stage.api.undelivered(person.user);
  assert.deepEqual(
    waiting.map(({ id }) => id),
    ids.slice(1),
  );
  const metrics = await stage.nodes.ingest?.metrics();
  assert.equal(metrics?.get('encke_messages_overflowed_total'), 1);
  // Nothing is confirmed before both are there: what one has confirmed is not kept for the other.
  const device = await V1Device.connect(stage.gateway(0), { ...person, autoAck: false });
  const old = await LegacyDevice.connect(stage.gateway(1), person);
  t.after(() => Promise.all([device.drop(), old.drop()]));
  await Promise.all([device.message(1_000, 30_000), old.message(1_000, 30_000)]);
  assert.deepEqual(
    device.messages.map(({ id }) => id),
    ids.slice(1),
  );
  assert.deepEqual(
    old.messages.map(({ uuid }) => uuid),
    ids.slice(1),
  );
});

test('messages expire by the default and by their own time to live', async (t) => {
  const { user, key } = await stage.person();
  const ids: string[] = [];
  for (const ttl of [undefined, 1, week, undefined, week, 1])
    ids.push((await stage.api.send(user, ttl ?? 'default', ttl === undefined ? {} : { ttl })).id);
  const staying = [ids[2], ids[4]];
  const [first] = await stage.api.undelivered(user);
  assert.ok(
    Math.abs((first?.expires ?? 0) - (first?.time ?? 0) - 5_000) < 100,
    'the default of 5 s',
  );
  await eventually(async () => {
    const waiting = await stage.api.undelivered(user);
    assert.deepEqual(
      waiting.map(({ id }) => id),
      staying,
    );
  });
  const device = await V1Device.connect(stage.gateway(), { user, key });
  t.after(() => device.drop());
  await device.message(2);
  await stage.api.send(user, 'live');
  await device.message(3);
  assert.deepEqual(
    device.messages.map(({ id }) => id).slice(0, 2),
    staying,
    'an expired message is not delivered',
  );
});

test('the list of the undelivered shows exactly the unconfirmed ones', async (t) => {
  const { user, key } = await stage.person();
  const device = await V1Device.connect(stage.gateway(), { user, key, autoAck: false });
  t.after(() => device.drop());
  const sent: Sent[] = [];
  for (const data of [1, 'two', { three: 3 }, null, [5]])
    sent.push(await stage.api.send(user, data, { event: 'e', ttl: 60 }));
  await device.message(5);
  assert.equal((await stage.api.undelivered(user)).length, 5);
  device.ack(sent[2]?.seq ?? 0);
  await eventually(async () => {
    const waiting = await stage.api.undelivered(user);
    assert.deepEqual(
      waiting.map(({ id, seq, event, data }) => ({ id, seq, event, data })),
      [
        { id: sent[3]?.id, seq: sent[3]?.seq, event: 'e', data: null },
        { id: sent[4]?.id, seq: sent[4]?.seq, event: 'e', data: [5] },
      ],
    );
    for (const { time, expires } of waiting) assert.equal(expires - time, 60_000);
  });
});

test('an emptied queue delivers nothing, and what follows it is delivered', async (t) => {
  const { user, key } = await stage.person();
  await fill(user, 1, 5);
  assert.equal(await stage.api.purge(user), 5);
  assert.deepEqual(await stage.api.undelivered(user), []);
  assert.equal((await stage.api.user(user)).queued, 0);
  const after = await stage.api.send(user, 'after', { ttl: week });
  const device = await V1Device.connect(stage.gateway(), { user, key });
  t.after(() => device.drop());
  assert.equal((await device.message(1)).id, after.id);
});

test('an old page that received but never ponged gets them again', async () => {
  const { user, key } = await stage.person();
  const uuid = randomUuid();
  const ids = await fill(user, 1, 20);
  const mute = await LegacyDevice.connect(stage.gateway(0), { user, key, uuid, autoPong: false });
  await mute.message(20);
  await mute.drop();
  await eventually(async () => assert.deepEqual((await stage.api.user(user)).sessions, []));
  assert.equal((await stage.api.undelivered(user)).length, 20);
  const again = await LegacyDevice.connect(stage.gateway(1), { user, key, uuid });
  await again.message(20);
  assert.deepEqual(
    again.messages.map((frame) => frame.uuid),
    ids,
  );
  await eventually(async () => assert.deepEqual(await stage.api.undelivered(user), []));
  // [L9] For two seconds a pong is not taken for a sign that the page itself has read the messages.
  await pause(2_500);
  await again.close();
  await eventually(async () => assert.deepEqual((await stage.api.user(user)).sessions, []));
  const third = await LegacyDevice.connect(stage.gateway(0), { user, key, uuid });
  const live = await stage.api.send(user, 'live');
  assert.equal((await third.message(1)).uuid, live.id, 'what was confirmed does not come again');
  await third.drop();
});

test('each device that returns has what it missed; a new one starts after what was confirmed', async (t) => {
  const person = await stage.person();
  const phone = await V1Device.connect(stage.gateway(0), { ...person, device: 'phone' });
  const laptop = await V1Device.connect(stage.gateway(1), { ...person, device: 'laptop' });
  await stage.api.send(person.user, 'both', { ttl: week });
  await Promise.all([phone.message(1), laptop.message(1)]);
  // Its receipt has to be in Redis before the socket goes.
  await eventually(async () => assert.deepEqual(await stage.api.undelivered(person.user), []));
  await laptop.close();
  await stage.api.send(person.user, 'while the laptop slept', { ttl: week });
  await phone.message(2);
  await eventually(async () => assert.deepEqual(await stage.api.undelivered(person.user), []));
  const back = await V1Device.connect(stage.gateway(0), { ...person, device: 'laptop' });
  const tablet = await V1Device.connect(stage.gateway(0), { ...person, device: 'tablet' });
  t.after(() => Promise.all([phone, back, tablet].map((device) => device.drop())));
  await stage.api.send(person.user, 'all three', { ttl: week });
  await Promise.all([back.message(2), tablet.message(1)]);
  const texts = (device: V1Device) => device.messages.map(({ data }) => data);
  assert.deepEqual(texts(back), ['while the laptop slept', 'all three']);
  assert.deepEqual(texts(tablet), ['all three']);
});
