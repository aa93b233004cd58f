import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ApiError, eventuallyDelivered, type Sent, V1Device } from '@encke/testing';
import { openStage, type Stage } from './stage.ts';
import { checkSocketsStayed, once, stream, total } from './traffic.ts';

const stopped = 5_000;

let stage: Stage;
before(async () => {
  // Pings run faster than the pause lasts, so that a session that depends on Redis would be lost.
  stage = await openStage({ env: { ENCKE_PING_INTERVAL: '1', ENCKE_PONG_TIMEOUT: '3' } });
});
after(() => stage?.close());

test('Redis stops for 5 s in the middle of a stream: sockets stay, everything accepted arrives', async () => {
  const people = await stage.people(250);
  const devices = await stage.roamBoth(people);
  await stream(stage.ledger, people, {
    messages: 20_000,
    at: once(7_000, async () => {
      stage.redis.pause();
      setTimeout(() => stage.redis.resume(), stopped);
    }),
  });
  assert.ok(stage.ledger.retries > 0, 'ingest said 503 meanwhile');
  await eventuallyDelivered(stage.ledger.expected(), devices, 60_000);
  stage.ledger.checkGapless();
  checkSocketsStayed(devices);
  assert.equal(
    total(devices, ({ missed }) => missed),
    0,
  );
});

test('while Redis is stopped ingest says 503 soon, and means what it says about storing', async (t) => {
  const person = await stage.person();
  const device = await V1Device.connect(stage.gateway(), person);
  t.after(() => device.drop());
  await stage.api.send(person.user, 'before');
  stage.redis.pause();
  t.after(() => stage.redis.resume());
  const until = performance.now() + stopped;
  const attempts: Promise<{ data: string; sent?: Sent; error?: ApiError; took: number }>[] = [];
  for (let i = 0; performance.now() < until; i += 1) {
    const from = performance.now();
    const data = `during ${i}`;
    const took = () => performance.now() - from;
    attempts.push(
      stage.api.send(person.user, data).then(
        (sent) => ({ data, sent, took: took() }),
        (error: ApiError) => ({ data, error, took: took() }),
      ),
    );
    await pause(100);
  }
  const newcomer = new V1Device(stage.gateway(1), person);
  t.after(() => newcomer.drop());
  stage.redis.resume();
  const answers = await Promise.all(attempts);
  const accepted = answers.filter(({ sent }) => sent !== undefined);
  const refused = answers.filter(({ error }) => error !== undefined);
  assert.ok(refused.length >= 20, `${refused.length} refused, ${accepted.length} accepted`);
  for (const { error, took } of refused) {
    assert.ok(error instanceof ApiError);
    assert.equal(error.status, 503);
    assert.equal(error.headers.get('retry-after'), '1');
    assert.match(error.headers.get('content-type') ?? '', /^application\/problem\+json/);
    assert.ok(took < 4_500, `the answer took ${Math.round(took)} ms`);
  }
  const last = await stage.ledger.send({ user: person.user, data: 'after' });
  await device.until('the last message', () => device.messages.find(({ id }) => id === last.id));
  const arrived = new Set(device.messages.map(({ data }) => data));
  for (const { data, sent } of accepted) assert.ok(arrived.has(data), `false 202: ${sent?.id}`);
  const notStored = refused.filter(({ error }) =>
    String(error?.problem.detail).includes('nothing was stored'),
  );
  for (const { data } of notStored) assert.ok(!arrived.has(data), `${data} was stored after all`);
  const seqs = device.messages.map(({ seq }) => seq);
  assert.deepEqual(
    seqs,
    [...seqs].sort((a, b) => a - b),
  );
  // Whoever connected during the pause was answered or told to come back.
  const outcome = await Promise.race([
    newcomer.ready.then(
      ({ authorized }) => authorized,
      () => false,
    ),
    newcomer.closed.then(({ code }) => code),
  ]);
  assert.ok(
    outcome === true || outcome === 4006 || newcomer.closedWith?.code === 4006,
    `${outcome}`,
  );
});
