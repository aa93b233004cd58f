import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, LegacyDevice, randomUuid, V1Device } from '@encke/testing';
import { openStage, type Person, type Stage } from './stage.ts';

const messages = 300;
const size = 32 * 1024;
const MiB = 1024 * 1024;

let stage: Stage;
before(async () => {
  // What a device does not take waits in the inbox, and its silence is what ends it.
  const env = { ENCKE_PING_INTERVAL: '1', ENCKE_PONG_TIMEOUT: '3' };
  stage = await openStage({ gateways: 1, env: { ...env, ENCKE_SEND_BUFFER: String(512 * 1024) } });
});
after(() => stage?.close());

async function memory(): Promise<number> {
  const samples = await stage.process().metrics();
  return samples.get('encke_process_resident_memory_bytes') ?? Number.NaN;
}

/** Sends what the kernel's buffers can by no means hold. */
async function flood({ user }: Person): Promise<string[]> {
  const ids: string[] = [];
  for (let sent = 0; sent < messages; sent += 50) {
    const orders = Array.from({ length: 50 }, (_, i) => ({
      user,
      data: `${sent + i} ${'x'.repeat(size)}`,
    }));
    for (const { id } of await stage.api.sendMany(orders)) ids.push(id);
  }
  return ids;
}

const gone = ({ user }: Person) =>
  eventually(async () => assert.deepEqual((await stage.api.user(user)).sessions, []));

test('a device that reads nothing is cut off, and has everything after it reads again (v1)', async (t) => {
  const person = await stage.person();
  const slow = await V1Device.connect(stage.gateway(), { ...person, device: 'slow' });
  const { epoch } = await slow.ready;
  slow.pause();
  const ids = await flood(person);
  await gone(person);
  slow.resume();
  const { code } = await slow.closed;
  assert.ok(code === 4004 || code === 1006, `closed with ${code}`);
  const seen = slow.messages.map(({ id }) => id);
  assert.ok(seen.length < messages, 'the kernel held everything: the test needs more messages');
  assert.ok(epoch !== undefined);
  const resume = { epoch, seq: slow.messages.at(-1)?.seq ?? 0 };
  const back = await V1Device.connect(stage.gateway(), { ...person, device: 'slow', resume });
  t.after(() => back.drop());
  assert.equal((await back.ready).resumed, true);
  await back.message(messages - seen.length, 60_000);
  assert.deepEqual([...seen, ...back.messages.map(({ id }) => id)], ids);
});

test('a device that reads nothing is cut off, and has everything after it reads again (legacy)', async (t) => {
  const person = await stage.person();
  const uuid = randomUuid();
  const slow = await LegacyDevice.connect(stage.gateway(), { ...person, uuid });
  slow.socket.pause();
  const ids = await flood(person);
  await gone(person);
  slow.socket.resume();
  assert.equal((await slow.closed).code, 1006, 'a clean close would keep an old page away');
  const back = await LegacyDevice.connect(stage.gateway(), { ...person, uuid });
  t.after(() => back.drop());
  const both = () => new Set([...slow.messages, ...back.messages].map((frame) => frame.uuid));
  await eventually(() => assert.equal(both().size, messages), { timeout: 60_000 });
  assert.deepEqual([...both()], ids);
});

test('ten devices that read nothing cost the gateway little memory, and their neighbour no time', async (t) => {
  const people = await stage.people(10);
  const neighbour = await stage.person();
  const quick = await V1Device.connect(stage.gateway(), neighbour);
  const slow = await Promise.all(people.map((person) => V1Device.connect(stage.gateway(), person)));
  t.after(() => Promise.all([quick, ...slow].map((device) => device.drop())));
  const before = await memory();
  let highest = before;
  for (const device of slow) device.pause();
  let n = 0;
  for (const person of people) {
    await flood(person);
    n += 1;
    const from = performance.now();
    await stage.api.send(neighbour.user, 'quick');
    await quick.message(n);
    const took = performance.now() - from;
    assert.ok(took < 3_000, `the neighbour waited ${Math.round(took)} ms`);
    highest = Math.max(highest, await memory());
  }
  for (const person of people) await gone(person);
  const grown = (highest - before) / MiB;
  const flooded = (people.length * messages * size) / MiB;
  assert.ok(grown < 64, `${Math.round(grown)} MiB for ${Math.round(flooded)} MiB of messages`);
});
