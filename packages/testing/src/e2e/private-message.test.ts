import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, eventuallyDelivered, LegacyDevice, V1Device } from '@encke/testing';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await openStage();
});
after(() => stage?.close());

test('a message reaches every device of its user, on both wires and both gateways, and nobody else', async (t) => {
  const { user, key } = await stage.person();
  const stranger = await stage.person();
  const devices = [
    await V1Device.connect(stage.gateway(0), { user, key, device: 'phone' }),
    await V1Device.connect(stage.gateway(1), { user, key, device: 'laptop' }),
  ];
  const old = [
    await LegacyDevice.connect(stage.gateway(0), { user, key }),
    await LegacyDevice.connect(stage.gateway(1), { user, key, version: '3.5' }),
  ];
  const others = [
    await V1Device.connect(stage.gateway(0), stranger),
    await V1Device.connect(stage.gateway(0), {}),
    await V1Device.connect(stage.gateway(0), { user, key: 'wrong' }),
    await V1Device.connect(stage.gateway(0), { app: 2, user, key }),
  ];
  t.after(() => Promise.all([...devices, ...old, ...others].map((device) => device.drop())));

  const before = Date.now();
  const sent = await stage.api.send(user, { text: 'hello' }, { event: 'chat' });
  assert.equal(sent.sessions, 4);
  assert.equal(sent.queued, false);
  for (const device of devices) {
    const { time, ...message } = await device.message(1);
    assert.deepEqual(message, {
      type: 'message',
      seq: sent.seq,
      id: sent.id,
      event: 'chat',
      data: { text: 'hello' },
    });
    assert.ok(Math.abs(time - before) < 5_000, 'time is milliseconds since 1970');
  }
  const plain = { data: '{"text":"hello"}', event: 'chat', pipe: 'msg', uuid: sent.id };
  assert.deepEqual(await old[0]?.message(1), plain);
  assert.deepEqual(await old[1]?.message(1), {
    ...plain,
    event_name: 'chat',
    api_data: '{"text":"hello"}',
  });
  // A message to each of the others' users has come, and the one above has not.
  const last = await stage.api.send(stranger.user, 'for the stranger');
  assert.equal(last.sessions, 1);
  assert.equal((await others[0]?.message(1))?.data, 'for the stranger');
  for (const other of others.slice(1)) {
    other.ping();
    await other.frame('pong');
    assert.equal(other.messages.length, 0);
  }
});

test('the answers of both wires say who is authorised', async (t) => {
  const { user, key } = await stage.person();
  const good = await V1Device.connect(stage.gateway(), { user, key });
  const bad = await V1Device.connect(stage.gateway(), { user, key: 'wrong' });
  const oldGood = await LegacyDevice.connect(stage.gateway(), { user, key });
  const oldBad = await LegacyDevice.connect(stage.gateway(), { user, key: 'wrong' });
  t.after(() => Promise.all([good, bad, oldGood, oldBad].map((device) => device.drop())));
  const ready = await good.ready;
  assert.equal(ready.authorized, true);
  assert.equal(ready.seq, 0);
  assert.equal(typeof ready.epoch, 'string');
  assert.ok(ready.session.startsWith(`${stage.process().node}.`));
  assert.deepEqual(
    { ...(await bad.ready), session: '' },
    { type: 'ready', authorized: false, session: '', resumed: false },
  );
  const info = await oldGood.ready;
  assert.equal(info.authorized, true);
  assert.equal(info.data, key);
  assert.equal(info.pipe, 'sys');
  const refused = await oldBad.ready;
  assert.equal(refused.authorized, false);
  assert.equal(refused.data, '');
});

test('data arrives as it was sent, whatever it is', async (t) => {
  const person = await stage.person();
  const device = await V1Device.connect(stage.gateway(0), person);
  const old = await LegacyDevice.connect(stage.gateway(1), person);
  t.after(() => Promise.all([device.drop(), old.drop()]));
  const texts = [
    '',
    'plain',
    `it's "quoted" \\ back\\'slashed \\n /`,
    'line\nbreak\r\ttab \u0000 \u2028 \u007f',
    'žluťoučký 漢字 🙂 \ud83d\udc68\u200d\ud83d\udc69',
    '{"json":"in a string"}',
    'x'.repeat(65_536),
  ];
  const values = [
    null,
    true,
    0,
    -1.5e300,
    [],
    {},
    [1, [2, { three: "it's" }]],
    { nested: { deep: ['a', null] }, '': 'empty' },
    JSON.parse('{"__proto__":{"polluted":true},"constructor":1}'),
  ];
  for (const [i, data] of [...texts, ...values].entries()) {
    await stage.api.send(person.user, data);
    const n = i + 1;
    assert.deepEqual((await device.message(n)).data, data);
    const line = await old.message(n);
    assert.equal(line.data, typeof data === 'string' ? data : JSON.stringify(data));
    assert.equal(line.event, '');
  }
});

test('500 messages in a burst stay in order, and are no longer waiting once confirmed', async () => {
  const people = await stage.people(3);
  const devices = await stage.roamBoth(people);
  const orders = people.flatMap(({ user }) =>
    Array.from({ length: 500 }, (_, i) => ({ user, data: i })),
  );
  // Three streams of batches, mixed over the users.
  const batches = Array.from({ length: 15 }, (_, i) => orders.filter((_, j) => j % 15 === i));
  await Promise.all(batches.map((batch) => stage.ledger.sendMany(batch)));
  await eventuallyDelivered(stage.ledger.expected(), devices);
  stage.ledger.checkGapless();
  for (const { user } of people)
    await eventually(async () => assert.deepEqual(await stage.api.undelivered(user), []));
});

test('what an application server reads about a user is true', async (t) => {
  const { user, key } = await stage.person();
  assert.deepEqual(await stage.api.user(user), {
    online: false,
    lastSeen: null,
    queued: 0,
    sessions: [],
  });
  await stage.api.send(user, 'waits');
  assert.equal((await stage.api.user(user)).queued, 1);
  const device = await V1Device.connect(stage.gateway(1), { user, key, device: 'phone' });
  t.after(() => device.drop());
  const { session } = await device.ready;
  await eventually(async () => {
    const state = await stage.api.user(user);
    const [only, ...more] = state.sessions;
    assert.deepEqual(more, []);
    assert.equal(state.online, true);
    assert.equal(state.queued, 0);
    assert.equal(only?.session, session);
    assert.equal(only?.device, 'phone');
    assert.equal(only?.node, stage.process(1).node);
    assert.ok(Math.abs((only?.since ?? 0) - Date.now() / 1000) < 10);
  });
  await device.close();
  await eventually(async () => {
    const state = await stage.api.user(user);
    assert.equal(state.online, false);
    assert.deepEqual(state.sessions, []);
    assert.ok(Math.abs((state.lastSeen ?? 0) - Date.now() / 1000) < 10);
  });
});

test('signing out and disconnecting close the sockets with the code that says whether to come back', async () => {
  const { user, key } = await stage.person();
  const connect = async () => {
    const v1 = await V1Device.connect(stage.gateway(0), { user, key });
    const old = await LegacyDevice.connect(stage.gateway(1), { user, key });
    return { v1, old };
  };
  const moved = await connect();
  assert.deepEqual(await stage.api.disconnect(user, true), { sessions: 2 });
  assert.equal((await moved.v1.closed).code, 4003);
  assert.equal((await moved.old.closed).code, 1006, 'an old page comes back only if it is cut off');
  const ended = await connect();
  assert.deepEqual(await stage.api.disconnect(user), { sessions: 2 });
  assert.equal((await ended.v1.closed).code, 4102);
  assert.notEqual((await ended.old.closed).code, 1006, 'a clean close keeps an old page away');
  const signedOut = await connect();
  await stage.api.removeHash(user);
  assert.equal((await signedOut.v1.closed).code, 4002);
  await signedOut.old.closed;
  const again = await V1Device.connect(stage.gateway(0), { user, key });
  assert.equal((await again.ready).authorized, false);
  await again.drop();
});
