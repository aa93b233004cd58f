import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually, type RoamingDevice } from '@encke/testing';
import { openStage, type Stage } from './stage.ts';

const limit = 16;

let stage: Stage;
before(async () => {
  stage = await openStage({ gateways: 3 });
});
after(() => stage?.close());

const wireOf = (i: number, first: 'v1' | 'legacy') =>
  (i % 2 === 0) === (first === 'v1') ? 'v1' : 'legacy';

for (const first of ['v1', 'legacy'] as const)
  test(`16 devices over 3 gateways all receive; a newer one takes the place of the oldest (${first}) for good`, async () => {
    const person = await stage.person();
    const devices: RoamingDevice[] = [];
    const join = async () => {
      const i = devices.length;
      // Each at a gateway of its own choice, so that all three hold some of them.
      const device = stage.roam(wireOf(i, first), person, () => [stage.gateway(i % 3)]);
      devices.push(device);
      await device.attached();
    };
    for (let i = 0; i < limit; i += 1) await join();
    assert.equal((await stage.api.send(person.user, 'all')).sessions, limit);
    for (const device of devices) await eventually(() => assert.equal(device.received.length, 1));

    await join();
    await join();
    const [oldest, second, ...newest] = devices;
    for (const device of [oldest, second]) {
      await eventually(() => assert.equal(device?.closes.length, 1));
      const code = device?.closes[0]?.code;
      if (device?.wire === 'v1') assert.equal(code, 4101);
      else assert.notEqual(code, 1006, 'an old page would come back after an unclean close');
    }
    // For a second and a half, longer than any reconnect would take: nobody comes back, nobody is pushed out.
    for (let round = 0; round < 15; round += 1) {
      const sent = await stage.api.send(person.user, `round ${round}`);
      assert.equal(sent.sessions, limit);
      await pause(100);
    }
    for (const device of newest)
      await eventually(() => assert.ok(device.received.length >= 15, device.device));
    assert.deepEqual(
      devices.map(({ connects, closes }) => `${connects} ${closes.length}`),
      devices.map((_, i) => (i < 2 ? '1 1' : '1 0')),
    );
    assert.equal(oldest?.received.length, 1);
    assert.equal(second?.received.length, 1);
    assert.equal((await stage.api.user(person.user)).sessions.length, limit);
  });

test('a device that comes back after a blip is no 17th', async () => {
  const person = await stage.person();
  const devices: RoamingDevice[] = [];
  for (let i = 0; i < limit; i += 1) {
    const device = stage.roam(wireOf(i, 'v1'), person);
    devices.push(device);
    await device.attached();
  }
  for (const device of devices) device.drop();
  await eventually(() => {
    for (const device of devices) assert.ok(device.online && device.connects >= 2);
  });
  await eventually(async () => {
    assert.equal((await stage.api.user(person.user)).sessions.length, limit);
  });
  assert.equal((await stage.api.send(person.user, 'all again')).sessions, limit);
  for (const device of devices) await eventually(() => assert.equal(device.received.length, 1));
});
