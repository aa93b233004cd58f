/** The rules [V8], [V10], [V11], [D10], [D11] and [D13] of PROTOCOL.md, with limits that a test reaches. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, LegacyDevice, V1Device, within } from '@encke/testing';
import { WebSocket } from 'ws';
import { openStage, type Person, type Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await openStage({
    env: {
      ENCKE_ALLOWED_ORIGINS: 'https://www.example.com',
      ENCKE_DEVICE_LIMIT: '2',
      ENCKE_DRAIN_SECONDS: '4',
      ENCKE_INBOX_MAX: '5',
      ENCKE_PING_INTERVAL: '0.5',
      ENCKE_PONG_TIMEOUT: '2',
      ENCKE_RESUME_WINDOW: '3',
      ENCKE_SEND_BUFFER: '65536',
    },
  });
});
after(() => stage?.close());

const v1 = (i: number, person: Person, more: object = {}) =>
  V1Device.connect(stage.gateway(i), { ...person, ...more });

/** The status that came instead of 101. */
function refusal(address: string, path: string, origin?: string): Promise<number | undefined> {
  const headers = origin === undefined ? {} : { origin };
  const socket = new WebSocket(`ws://${address}${path}`, ['encke.v1', 'chat'], { headers });
  return within(
    new Promise((resolve) => {
      socket.on('error', () => {});
      socket.on('unexpected-response', (_request, { statusCode }) => {
        resolve(statusCode);
        socket.terminate();
      });
      socket.on('open', () => {
        resolve(101);
        socket.terminate();
      });
    }),
    'an answer to the upgrade',
  );
}

test('[V1] [L1] an origin that is not allowed is answered 403, on both wires', async () => {
  for (const path of ['/v1/ws', '/ws/sesion=&myid=0&devid=1&v=4.0&api=js']) {
    assert.equal(await refusal(stage.gateway(1), path, 'https://evil.example'), 403);
    assert.equal(await refusal(stage.gateway(1), path, 'https://www.example.com'), 101);
    assert.equal(await refusal(stage.gateway(1), path), 101);
  }
});

test('[V10] [L13] no pong in time: the connection is dropped, on both wires', async () => {
  const person = await stage.person();
  const living = await v1(0, person);
  const other = await stage.person();
  const mute = await v1(1, other, { autoPong: false });
  const old = await LegacyDevice.connect(stage.gateway(1), { ...other, autoPong: false });
  const chat = setInterval(() => mute.ping(), 100);
  const [a, b] = await Promise.all([within(mute.closed, 'close'), within(old.closed, 'close')]);
  clearInterval(chat);
  assert.deepEqual([a.code, b.code], [1006, 1006]);
  assert.equal(living.closedWith, undefined);
  await living.drop();
});

test('[V11] more waits for a socket than it may: it is dropped, and the inbox keeps the rest', async () => {
  const person = await stage.person();
  const device = await v1(1, person, { device: 'slow', autoAck: false });
  device.pause();
  const data = 'x'.repeat(60_000);
  await eventually(
    async () => {
      await stage.api.sendMany(Array(5).fill({ user: person.user, data }));
      assert.deepEqual((await stage.api.user(person.user)).sessions, []);
    },
    { timeout: 20_000, every: 1 },
  );
  device.resume();
  assert.equal((await within(device.closed, 'close')).code, 1006);
  const back = await v1(0, person, { device: 'slow' });
  await back.message(5);
  await back.drop();
});

test('[D10] the cap: one more message pushes out the oldest, and that counts as missed', async () => {
  const person = await stage.person();
  const first = await v1(0, person);
  const { epoch = '' } = await first.ready;
  await first.drop();
  for (let data = 1; data <= 5; data += 1) await stage.api.send(person.user, data);
  const resume = { epoch, seq: 0 };
  const all = await v1(1, person, { resume, autoAck: false });
  assert.equal((await all.ready).resumed, true);
  await all.message(5);
  await all.drop();
  await stage.api.send(person.user, 6);
  assert.deepEqual(
    (await stage.api.undelivered(person.user)).map(({ data }) => data),
    [2, 3, 4, 5, 6],
  );
  const rest = await v1(1, person, { resume });
  assert.equal((await rest.ready).resumed, false);
  await rest.message(5);
  await rest.drop();
});

test('[D11] who returns after the resume window is told that something was missed', async () => {
  const person = await stage.person();
  const phone = await v1(0, person, { device: 'phone' });
  const { epoch = '' } = await phone.ready;
  await stage.api.send(person.user, 'confirmed by the phone');
  await phone.message(1);
  await eventually(async () => assert.deepEqual(await stage.api.undelivered(person.user), []));
  const resumed = async () => {
    const laptop = await v1(1, person, { device: 'laptop', resume: { epoch, seq: 0 } });
    const ready = await laptop.ready;
    const got = ready.resumed ? [(await laptop.message(1)).data] : [];
    await laptop.drop();
    return [ready.resumed, got];
  };
  assert.deepEqual(await resumed(), [true, ['confirmed by the phone']]);
  await eventually(async () => assert.deepEqual(await resumed(), [false, []]), {
    timeout: 30_000,
    every: 200,
  });
  await phone.drop();
});

test('[D13] [L13] the device limit: the device that came longest ago goes, with all its tabs', async () => {
  const person = await stage.person();
  const phone = await v1(0, person, { device: 'phone' });
  const laptop = await v1(1, person, { device: 'laptop' });
  const laptopTab = await v1(0, person, { device: 'laptop' });
  const page = await LegacyDevice.connect(stage.gateway(1), person);
  assert.equal((await within(phone.closed, 'close')).code, 4101);
  assert.equal(laptop.closedWith, undefined);
  assert.equal(laptopTab.closedWith, undefined);
  const tablet = await v1(1, person, { device: 'tablet' });
  assert.equal((await within(laptop.closed, 'close')).code, 4101);
  assert.equal((await within(laptopTab.closed, 'close')).code, 4101);
  const watch = await v1(0, person, { device: 'watch' });
  assert.equal((await within(page.closed, 'close')).code, 1000);
  assert.equal((await stage.api.user(person.user)).sessions.length, 2);
  await Promise.all([tablet.drop(), watch.drop()]);
});

test('[V8] [V1] a node that goes away says when to come back, and takes nobody new', async () => {
  const going = await stage.nodes.add('gateway');
  const people = await stage.people(5);
  const devices = await Promise.all(
    people.map((person) => V1Device.connect(going.address, { ...person })),
  );
  going.terminate();
  await Promise.race(devices.map((device) => device.frame('going-away')));
  assert.equal(await refusal(going.address, '/v1/ws'), 503);
  for (const device of devices) {
    const { reconnectIn } = await device.frame('going-away');
    assert.ok(Number.isInteger(reconnectIn) && reconnectIn >= 0 && reconnectIn <= 1_000);
    assert.deepEqual(device.frames.at(-1), { type: 'going-away', reconnectIn });
    assert.equal((await within(device.closed, 'close')).code, 4000);
  }
  assert.equal(await going.exited, 0, going.output);
});
