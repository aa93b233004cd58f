import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { eventually, LegacyDevice, randomUuid, V1Device } from '@encke/testing';
import { openStage } from './stage.ts';

const stageFor = async (t: TestContext, env = {}) => {
  const stage = await openStage({ env });
  t.after(() => stage.close());
  return stage;
};

test('[V6] an ack that crosses a change of epoch neither ends the session nor confirms anything', async (t) => {
  const stage = await stageFor(t);
  const person = await stage.person();
  const device = await V1Device.connect(stage.gateway(), { ...person, autoAck: false });
  t.after(() => device.drop());
  const { epoch } = await device.ready;
  for (let i = 0; i < 5; i++) await stage.api.send(person.user, i);
  await device.message(5);
  await stage.redis.restartEmpty();
  await device.frame('missed', 30_000);
  device.ack(5);
  device.send(JSON.stringify({ type: 'ack', seq: 1, epoch }));
  // An answer that got lost may have been to a message that is stored.
  await eventually(() => stage.api.send(person.user, 'new', { idempotencyKey: 'new' }));
  await device.message(6);
  device.send(JSON.stringify({ type: 'ack', seq: 1, epoch }));
  device.send('{"type":"ping"}');
  await device.frame('pong');
  assert.equal(device.closedWith, undefined);
  assert.equal((await stage.api.undelivered(person.user)).length, 1);
});

test('a user who is signed out while the bus is lost is closed when it is back', async (t) => {
  const stage = await stageFor(t);
  const person = await stage.person();
  const device = await V1Device.connect(stage.gateway(), person);
  t.after(() => device.drop());
  for (let i = 0; i < 5; i++) {
    await stage.redis.all('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await stage.api.removeHash(person.user);
  }
  assert.equal((await device.closed).code, 4002);
  await eventually(async () =>
    assert.equal((await stage.api.user(person.user)).sessions.length, 0),
  );
  assert.equal((await stage.api.send(person.user, 'secret')).sessions, 0);
});

test('[V7] what the cap pushes out before a slow reader got it is told', async (t) => {
  const stage = await stageFor(t, { ENCKE_INBOX_MAX: '300' });
  const person = await stage.person();
  const data = 'x'.repeat(40_000);
  const fill = async (n: number) => {
    for (let i = 0; i < n; i += 50)
      await stage.api.sendMany(Array.from({ length: 50 }, () => ({ user: person.user, data })));
  };
  await fill(300);
  const device = new V1Device(stage.gateway(), { ...person, autoAck: false });
  t.after(() => device.drop());
  await device.ready;
  device.pause();
  await fill(300);
  device.resume();
  await eventually(() => assert.equal(device.messages.at(-1)?.seq, 600), { timeout: 20_000 });
  let position = 0;
  for (const frame of device.frames) {
    if (frame.type === 'missed') position = frame.seq;
    if (frame.type !== 'message') continue;
    assert.equal(frame.seq, position + 1, 'a gap that was not told');
    position = frame.seq;
  }
  assert.equal(position, 600);
});

test('[L9] an old page that came rarely by its messages does not get old ones again', async (t) => {
  const stage = await stageFor(t);
  const person = { ...(await stage.person()), uuid: randomUuid() };
  const first = await LegacyDevice.connect(stage.gateway(), person);
  const confirmedFor = async (milliseconds: number) => {
    await eventually(async () =>
      assert.equal((await stage.api.undelivered(person.user)).length, 0),
    );
    const until = Date.now() + milliseconds;
    await eventually(() => assert.ok(Date.now() > until));
  };
  for (const text of ['m1', 'm2']) {
    await stage.api.send(person.user, text);
    await confirmedFor(4_000);
  }
  await stage.api.send(person.user, 'm3');
  await confirmedFor(0);
  await first.drop();
  await eventually(async () =>
    assert.equal((await stage.api.user(person.user)).sessions.length, 0),
  );
  const second = await LegacyDevice.connect(stage.gateway(1), person);
  t.after(() => second.drop());
  await stage.api.send(person.user, 'm4');
  await eventually(() => assert.equal(second.messages.at(-1)?.data, 'm4'));
  assert.deepEqual(
    second.messages.map(({ data }) => data).filter((data) => data !== 'm3'),
    ['m4'],
  );
});
