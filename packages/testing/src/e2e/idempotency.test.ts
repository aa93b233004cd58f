import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Api, LegacyDevice, V1Device } from '@encke/testing';
import { openStage, type Person, type Stage } from './stage.ts';

let stage: Stage;
let second: Api;
before(async () => {
  stage = await openStage({ gateways: 1 });
  second = new Api(`http://${(await stage.nodes.add('ingest')).address}`);
});
after(() => stage?.close());

/** Without receipts: a message that one has confirmed is not kept for the other, which may attach later. */
async function both(person: Person): Promise<[V1Device, LegacyDevice]> {
  const v1 = await V1Device.connect(stage.gateway(), { ...person, autoAck: false });
  const old = await LegacyDevice.connect(stage.gateway(), person);
  stage.later(() => Promise.all([v1.drop(), old.drop()]));
  return [v1, old];
}

/** Whatever would have come twice has come before a message that was sent later. */
async function received([v1, old]: [V1Device, LegacyDevice], user: number): Promise<string[]> {
  const end = await stage.api.send(user, 'end');
  await v1.until('the end', () => v1.messages.find(({ id }) => id === end.id));
  await old.until('the end', () => old.messages.find(({ uuid }) => uuid === end.id));
  const ids = v1.messages.map(({ id }) => id);
  assert.deepEqual(
    old.messages.map(({ uuid }) => uuid),
    ids,
  );
  return ids.slice(0, -1);
}

test('the second send returns the first answer and delivers nothing', async () => {
  const person = await stage.person();
  const devices = await both(person);
  const first = await stage.api.send(person.user, 'one', { idempotencyKey: 'order-1' });
  assert.equal(first.sessions, 2);
  for (const api of [stage.api, second, stage.api]) {
    const again = await api.send(person.user, 'something else', { idempotencyKey: 'order-1' });
    assert.deepEqual(again, first);
  }
  const [batched] = await stage.api.sendMany([
    { user: person.user, data: 'one', idempotencyKey: 'order-1' },
  ]);
  assert.deepEqual(batched, first);
  assert.deepEqual(await received(devices, person.user), [first.id]);
});

test('when forty sends with one key race over two ingests, one message is delivered', async () => {
  const person = await stage.person();
  const devices = await both(person);
  for (let round = 0; round < 5; round += 1) {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        (i % 2 === 0 ? stage.api : second).send(person.user, i, {
          idempotencyKey: `race-${round}`,
        }),
      ),
    );
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
  }
  assert.equal((await received(devices, person.user)).length, 5);
});

test('one batch that names a key twice delivers once', async () => {
  const person = await stage.person();
  const devices = await both(person);
  const item = { user: person.user, data: 'x', idempotencyKey: 'twice' };
  const [first, again] = await stage.api.sendMany([item, item]);
  assert.equal(again?.id, first?.id);
  assert.equal(again?.seq, first?.seq);
  assert.deepEqual(await received(devices, person.user), [first?.id]);
});

test('a key belongs to its user', async () => {
  const [one, other] = [await stage.person(), await stage.person()];
  const first = await stage.api.send(one.user, 'a', { idempotencyKey: 'shared' });
  const second = await stage.api.send(other.user, 'b', { idempotencyKey: 'shared' });
  assert.notEqual(first.id, second.id);
  assert.equal((await stage.api.undelivered(other.user))[0]?.data, 'b');
});

test('a message that was sent again is still once for a user who was offline', async () => {
  const person = await stage.person();
  const first = await stage.api.send(person.user, 'offline', { idempotencyKey: 'k' });
  assert.deepEqual(await second.send(person.user, 'offline', { idempotencyKey: 'k' }), first);
  assert.equal(first.queued, true);
  const devices = await both(person);
  assert.deepEqual(await received(devices, person.user), [first.id]);
});
