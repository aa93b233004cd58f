import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { eventually, eventuallyDelivered, LegacyDevice, V1Device } from '@encke/testing';
import { WebSocket } from 'ws';
import { openStage, type Stage } from './stage.ts';
import { flow, total } from './traffic.ts';

const drainSeconds = 6;

let stage: Stage;
before(async () => {
  stage = await openStage({ gateways: 2, env: { ENCKE_DRAIN_SECONDS: String(drainSeconds) } });
});
after(() => stage?.close());

test('a rolling deploy under load: every gateway is replaced, nothing is lost, nothing comes twice', async () => {
  const people = await stage.people(30);
  // A load balancer sends nobody to a gateway that is not ready.
  const leaving = new Set<string>();
  const ready = () => stage.alive().filter((address) => !leaving.has(address));
  const devices = people.flatMap((person) => [
    stage.roam('v1', person, ready),
    stage.roam('legacy', person, ready),
  ]);
  await Promise.all(devices.map((device) => device.attached()));
  const sending = flow(stage.ledger, people);
  for (const old of [stage.process(0), stage.process(1)]) {
    await stage.nodes.add('gateway');
    leaving.add(old.address);
    // Nobody is on the way to it any more.
    await Promise.all(devices.map((device) => device.attached(30_000)));
    old.terminate();
    await eventually(async () => assert.equal(await old.ready(), 503), { every: 5 });
    assert.equal(await old.exited, 0, old.output);
  }
  await sending.stop();
  await eventuallyDelivered(stage.ledger.expected(), devices);
  stage.ledger.checkGapless();
  assert.ok(total(devices, ({ connects }) => connects) >= 2 * devices.length, 'all have moved');
  assert.equal(
    total(devices, ({ missed }) => missed),
    0,
  );
  const codes = new Map<string, number>();
  for (const { wire, closes } of devices)
    for (const { code } of closes) {
      const key = `${wire} ${code}`;
      codes.set(key, (codes.get(key) ?? 0) + 1);
    }
  assert.deepEqual([...codes.keys()].sort(), ['legacy 1006', 'v1 4000']);
});

test('sockets are closed over the drain time, with a hint when to come back', async () => {
  const person = await stage.people(20);
  const going = await stage.nodes.add('gateway');
  const devices = await Promise.all(
    person.map((one) => V1Device.connect(going.address, { ...one })),
  );
  const old = await Promise.all(
    person.slice(0, 5).map((one) => LegacyDevice.connect(going.address, { ...one })),
  );
  const from = performance.now();
  const times: number[] = [];
  for (const device of [...devices, ...old])
    void device.closed.then(() => times.push(performance.now() - from));
  going.terminate();
  assert.equal(await going.exited, 0, going.output);
  for (const device of devices) {
    const hint = await device.frame('going-away');
    assert.ok(hint.reconnectIn >= 0 && hint.reconnectIn <= 60_000, `${hint.reconnectIn} ms`);
    assert.equal((await device.closed).code, 4000);
  }
  for (const device of old) assert.equal((await device.closed).code, 1006);
  assert.equal(times.length, 25);
  const spread = Math.max(...times) - Math.min(...times);
  assert.ok(spread > drainSeconds * 500, `all closed within ${Math.round(spread)} ms`);
});

test('ingest stops: what it answered is stored, what it stored it answered', async () => {
  const person = await stage.person();
  const second = await stage.nodes.add('ingest');
  const socket = new WebSocket(`ws://${second.address}/v1/apps/1/stream`, {
    headers: { authorization: `Bearer ${stage.api.key}` },
  });
  const stored: string[] = [];
  socket.on('message', (text) => {
    for (const line of text.toString().split('\n')) {
      const answer = JSON.parse(line) as { id?: string; error?: { status: number } };
      if (answer.id === undefined) assert.equal(answer.error?.status, 503);
      else stored.push(answer.id);
    }
  });
  await once(socket, 'open');
  const closed = once(socket, 'close');
  for (let i = 0; i < 900; i += 1) {
    socket.send(JSON.stringify({ ref: i, user: person.user, data: i }));
    if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await eventually(() => assert.ok(stored.length > 0), { every: 1 });
  second.terminate();
  assert.equal((await closed)[0], 1001);
  assert.equal(await second.exited, 0, second.output);
  const waiting = await stage.api.undelivered(person.user);
  assert.deepEqual(
    waiting.map(({ id }) => id),
    stored,
  );
});
