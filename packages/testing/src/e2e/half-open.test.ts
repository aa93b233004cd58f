import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  eventually,
  eventuallyDelivered,
  LegacyDevice,
  randomUuid,
  startProxy,
} from '@encke/testing';
import { openStage, type Stage } from './stage.ts';

/** Milliseconds: ping and pong time, a second and three, plus the coarseness of the timers and a machine that is busy. */
const noticed = 4_000 + 6_000;

const patience = { timeout: 30_000 };

let stage: Stage;
before(async () => {
  stage = await openStage({ env: { ENCKE_PING_INTERVAL: '1', ENCKE_PONG_TIMEOUT: '3' } });
});
after(() => stage?.close());

for (const wire of ['v1', 'legacy'] as const)
  for (const fault of ['stall', 'stallToClient'] as const)
    test(`a connection goes silent (${fault}): it is closed in time, its messages come on return (${wire})`, async (t) => {
      const proxy = await startProxy({ target: stage.process(0).port });
      t.after(() => proxy.stop());
      const person = await stage.person();
      const device = stage.roam(wire, person, () => [proxy.address]);
      await device.attached();
      const ids = [(await stage.api.send(person.user, 'heard')).id];
      await eventually(() => assert.equal(device.received.length, 1));
      await eventually(async () => assert.deepEqual(await stage.api.undelivered(person.user), []));

      proxy[fault]();
      const from = performance.now();
      const void1 = await stage.api.send(person.user, 'into the void');
      assert.equal(void1.sessions, 1, 'nobody knows yet');
      ids.push(void1.id);
      await eventually(async () => {
        assert.deepEqual((await stage.api.user(person.user)).sessions, []);
      }, patience);
      const took = performance.now() - from;
      assert.ok(took < noticed, `the session was closed after ${Math.round(took)} ms`);
      const waits = await stage.api.send(person.user, 'waits');
      assert.equal(waits.queued, true);
      ids.push(waits.id);
      assert.deepEqual(
        (await stage.api.undelivered(person.user)).map(({ id }) => id),
        ids.slice(1),
      );
      assert.equal(device.received.length, 1);
      proxy.heal();
      await eventuallyDelivered(new Map([[person.user, ids]]), [device]);
      await eventually(async () => assert.deepEqual(await stage.api.undelivered(person.user), []));
      assert.equal(device.missed, 0);
    });

test('an old page that returns before its dead connection is noticed gets what only another device confirmed', async (t) => {
  const proxy = await startProxy({ target: stage.process(0).port });
  t.after(() => proxy.stop());
  const person = await stage.person();
  const uuid = randomUuid();
  const page = await LegacyDevice.connect(proxy.address, { ...person, uuid });
  const phone = stage.roam('v1', person);
  await phone.attached();
  const heard = await stage.api.send(person.user, 'heard by both');
  assert.equal((await page.message(1)).uuid, heard.id);
  proxy.stall();
  const missed = await stage.api.send(person.user, 'heard by the phone only');
  await eventuallyDelivered(new Map([[person.user, [heard.id, missed.id]]]), [phone]);
  await eventually(async () => assert.deepEqual(await stage.api.undelivered(person.user), []));
  // Nobody has noticed yet that the first connection is dead; its browser has, and comes back.
  assert.equal((await stage.api.user(person.user)).sessions.length, 2);
  const back = await LegacyDevice.connect(stage.gateway(1), { ...person, uuid });
  t.after(() => Promise.all([page.drop(), back.drop()]));
  await back.until('the missed message', () =>
    back.messages.find((frame) => frame.uuid === missed.id),
  );
});

test('a slow but living connection is not closed', async (t) => {
  const proxy = await startProxy({ target: stage.process(0).port });
  t.after(() => proxy.stop());
  const person = await stage.person();
  const devices = (['v1', 'legacy'] as const).map((wire) =>
    stage.roam(wire, person, () => [proxy.address]),
  );
  for (const device of devices) await device.attached();
  proxy.delay(600);
  const ids: string[] = [];
  const end = performance.now() + noticed;
  while (performance.now() < end) {
    const sent = await stage.api.send(person.user, 'slowly');
    assert.equal(sent.sessions, 2);
    ids.push(sent.id);
    for (const device of devices)
      await eventually(() => assert.equal(device.received.length, ids.length));
  }
  await eventuallyDelivered(new Map([[person.user, ids]]), devices);
  for (const device of devices) assert.equal(device.connects, 1);
});
