import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, eventuallyDelivered } from '@encke/testing';
import { openStage, type Stage } from './stage.ts';
import { once, stream, total } from './traffic.ts';

const sessions = 500;
const messages = 20_000;

let stage: Stage;
before(async () => {
  stage = await openStage({ gateways: 3, worker: true });
});
after(() => stage?.close());

test('a gateway is SIGKILLed with its share of 500 sessions in the middle of 20,000 messages', async () => {
  const people = await stage.people(sessions / 2);
  const devices = await stage.roamBoth(people);
  assert.equal(devices.length, sessions);
  const victim = stage.process(0);
  await stream(stage.ledger, people, {
    messages,
    at: once(messages / 3, () => stage.kill(victim)),
  });
  await eventuallyDelivered(stage.ledger.expected(), devices, 60_000);
  stage.ledger.checkGapless();
  const moved = devices.filter(({ connects }) => connects > 1).length;
  assert.ok(moved > sessions / 6, `only ${moved} devices were on the killed gateway`);
  assert.equal(
    total(devices, ({ missed }) => missed),
    0,
    'no app is told that it missed something',
  );
  // Nothing of the dead node is left where an application server looks.
  for (const { user } of people.slice(0, 20)) {
    await eventually(async () => {
      const state = await stage.api.user(user);
      assert.equal(state.sessions.length, 2);
      assert.ok(state.sessions.every(({ node }) => node !== victim.node));
    });
  }
});

test('the worker sweeps what a killed gateway left: its users go offline', async () => {
  const person = await stage.person();
  const lonely = stage.roam('v1', person, () => [stage.gateway(1)]);
  await lonely.attached();
  await stage.kill(stage.process(1));
  await eventually(
    async () => {
      const state = await stage.api.user(person.user);
      assert.equal(state.online, false);
      assert.deepEqual(state.sessions, []);
      assert.ok((state.lastSeen ?? 0) > 0);
    },
    { timeout: 60_000, every: 250 },
  );
});
