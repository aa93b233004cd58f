import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createClient } from '@encke/client';
import { ApiError, eventually, eventuallyDelivered, V1Device } from '@encke/testing';
import { Ledger } from './ledger.ts';
import { openStage, type Stage } from './stage.ts';
import { checkSocketsStayed, stream, total } from './traffic.ts';

let stage: Stage;
before(async () => {
  stage = await openStage({ worker: true });
});
after(() => stage?.close());

test('Redis is killed and comes back empty: sessions register again, the epoch changes, apps are told', async (t) => {
  const people = await stage.people(250);
  const devices = await stage.roamBoth(people);
  await stream(stage.ledger, people, { messages: 5_000 });
  await eventuallyDelivered(stage.ledger.expected(), devices);
  const [person] = people;
  assert.ok(person);
  const raw = await V1Device.connect(stage.gateway(), person);
  t.after(() => raw.drop());
  const { epoch } = await raw.ready;
  const sleeper = await V1Device.connect(stage.gateway(), person);
  const slept = await sleeper.ready;
  await sleeper.close();
  let told = 0;
  const states: string[] = [];
  const sdk = createClient({ url: `ws://${stage.gateway(1)}`, app: 1, ...person });
  t.after(() => sdk.close());
  sdk.onMissed(() => {
    told += 1;
  });
  sdk.on('state', (state) => states.push(JSON.stringify(state)));
  await eventually(async () => {
    const { sessions } = await stage.api.user(person.user);
    assert.equal(sessions.length, 4);
    assert.ok(sessions.every(({ session }) => session !== slept.session));
  });

  await stage.redis.kill();
  await assert.rejects(
    stage.api.send(person.user, 'nobody stores this'),
    (error) => error instanceof ApiError && error.status === 503,
  );
  await stage.redis.restartEmpty();

  for (const { user } of people)
    await eventually(
      async () =>
        assert.equal((await stage.api.user(user)).sessions.length, user === person.user ? 4 : 2),
      { timeout: 20_000 },
    );
  const missed = await raw.frame('missed');
  assert.notEqual(missed.epoch, epoch);
  await eventually(() => assert.equal(told, 1, states.join('\n')));
  const v1 = devices.filter(({ wire }) => wire === 'v1');
  await eventually(() =>
    assert.equal(
      total(v1, (device) => device.missed),
      v1.length,
    ),
  );
  checkSocketsStayed(devices);

  for (const device of devices) device.received.length = 0;
  const ledger = new Ledger(stage.api);
  await stream(ledger, people, { messages: 5_000 });
  await eventuallyDelivered(ledger.expected(), devices);
  ledger.checkGapless();

  await stage.api.setHash(person.user, person.key);
  assert.ok(slept.epoch !== undefined && slept.seq !== undefined);
  const back = await V1Device.connect(stage.gateway(), {
    ...person,
    resume: { epoch: slept.epoch, seq: slept.seq },
  });
  t.after(() => back.drop());
  const ready = await back.ready;
  assert.equal(ready.resumed, false, 'it may have missed something');
  assert.equal(ready.epoch, missed.epoch);
});

test('after an empty restart new devices of both wires are served as soon as they have a key again', async () => {
  const person = await stage.person();
  await stage.redis.restartEmpty();
  await eventually(() => stage.api.setHash(person.user, person.key), { timeout: 20_000 });
  const devices = await stage.roamBoth([person]);
  await eventually(async () =>
    assert.equal((await stage.api.user(person.user)).sessions.length, 2),
  );
  const { id } = await stage.api.send(person.user, 'hello');
  await eventuallyDelivered(new Map([[person.user, [id]]]), devices);
});
