/** The rules [I1] to [I8] and [C1] of PROTOCOL.md, as literal answers of running processes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeCodes, mayReconnect } from '@encke/protocol';
import { Api, ApiError, V1Device, within } from '@encke/testing';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await openStage();
});
after(() => stage?.close());

const big = 'x'.repeat(65);

/** What the call answers: a 2xx as 200, else the status and the field that broke its rule. */
async function answer(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return '200';
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return `${error.status} ${error.problem.field}`;
  }
}

/** What a hello with these fields is answered: the type of the first frame. */
async function greeted(fields: object): Promise<string | undefined> {
  const device = new V1Device(stage.gateway(1), { autoHello: false });
  device.socket.on('open', () => device.send(JSON.stringify({ type: 'hello', ...fields })));
  await device.until('an answer', () => device.frames[0]);
  await device.drop();
  return device.frames[0]?.type;
}

test('[I1] app: 0 to 999,999,999, as a number or its digits', async () => {
  for (const app of [0, '0', 1, 999_999_999, '999999999'])
    assert.equal(await greeted({ app }), 'ready', `${app}`);
  for (const app of [-1, 1_000_000_000, 1.5, '01', '+1', '', null, true, undefined])
    assert.equal(await greeted({ app }), 'error', `${app}`);
  const elsewhere = (app: unknown) => new Api(stage.api.url, { app: app as number }).user(7);
  assert.equal(await answer(elsewhere(0)), '200');
  assert.equal(await answer(elsewhere('01')), '400 app');
  assert.equal(await answer(elsewhere('1000000000')), '400 app');
});

test('[I2] user: 1 to 999,999,999 within an app; 0 in a hello is nobody', async () => {
  for (const user of [1, '1', 999_999_999, 0])
    assert.equal(await greeted({ app: 1, user }), 'ready', `${user}`);
  for (const user of [-1, 1_000_000_000, 7.5, '007', 'seven', null])
    assert.equal(await greeted({ app: 1, user }), 'error', `${user}`);
  assert.equal(await answer(stage.api.setHash('1', 'h')), '200');
  for (const user of ['0', '-1', '1234567890', '007'])
    assert.equal(await answer(stage.api.setHash(user, 'h')), '400 user');
  const other = new Api(stage.api.url, { app: 2 });
  await stage.api.send(11, 'for user 11 of app 1');
  assert.deepEqual(await other.undelivered(11), []);
});

test('[I3] device: 1 to 64 of A-Z a-z 0-9 _ -', async () => {
  for (const device of ['a', 'A-Z_09', 'x'.repeat(64)])
    assert.equal(await greeted({ app: 1, device }), 'ready', device);
  for (const device of ['', 'a b', 'a.b', 'é', big, 7, null])
    assert.equal(await greeted({ app: 1, device }), 'error', `${device}`);
});

test('[I4] hash: 0 to 32 of A-Z a-z 0-9 = + / _ -, and an empty one lets nobody in', async () => {
  for (const hash of ['', 'a', '=+/_-Zz09', 'h'.repeat(32)])
    assert.equal(await answer(stage.api.setHash(7, hash)), '200', hash);
  for (const hash of ['h'.repeat(33), 'a b', 'a.b', 'é'])
    assert.equal(await answer(stage.api.setHash(7, hash)), '400 hash', hash);
  await stage.api.setHash(7, '');
  const device = await V1Device.connect(stage.gateway(), { user: 7, key: '' });
  assert.equal((await device.ready).authorized, false);
  await device.drop();
});

test('[I5] [I6] [I7] event, ttl and idempotencyKey', async () => {
  const send = (fields: object) => answer(stage.api.send(7, 'x', fields));
  const good = [
    ...['', 'a', 'A-Z_09', 'e'.repeat(64)].map((event) => ({ event })),
    ...[1, 604_800].map((ttl) => ({ ttl })),
    ...['!', 'order:1~', 'k'.repeat(128)].map((idempotencyKey) => ({ idempotencyKey })),
  ];
  for (const fields of good) assert.equal(await send(fields), '200', JSON.stringify(fields));
  for (const event of ['a b', 'a.b', 'é', big, 7])
    assert.equal(await send({ event }), '400 event', `${event}`);
  for (const ttl of [0, -1, 604_801, 1.5, '60', null])
    assert.equal(await send({ ttl }), '400 ttl', `${ttl}`);
  for (const idempotencyKey of ['', 'a b', 'é', 'k'.repeat(129), 7])
    assert.equal(await send({ idempotencyKey }), '400 idempotencyKey', `${idempotencyKey}`);
});

test('[I8] node, session, epoch, seq and message id', async (t) => {
  const person = await stage.person();
  const device = await V1Device.connect(stage.gateway(1), person);
  t.after(() => device.drop());
  const { session, epoch } = await device.ready;
  const { node } = stage.process(1);
  assert.match(node ?? '', /^[a-z0-9]{12}$/);
  assert.match(session, /^[a-z0-9]{12}\.[a-z0-9]+$/);
  assert.equal(session.split('.')[0], node);
  assert.match(epoch ?? '', /^[a-z0-9]{10}$/);
  for (const seq of [1, 2]) {
    const sent = await stage.api.send(person.user, seq);
    assert.deepEqual([sent.id, sent.seq], [`${epoch}-${seq}`, seq]);
    assert.equal((await device.message(seq)).id, sent.id);
  }
});

test('[C1] every close code says whether to come back', async () => {
  const back = Object.fromEntries(
    Object.values(closeCodes).map(({ code }) => [code, mayReconnect(code)]),
  );
  assert.deepEqual(back, {
    1007: false,
    1009: false,
    1011: true,
    4000: true,
    4001: true,
    4002: true,
    4003: true,
    4004: true,
    4005: true,
    4006: true,
    4007: true,
    4100: false,
    4101: false,
    4102: false,
  });
  for (const code of [1001, 1005, 1006, 1012, 4099])
    assert.equal(mayReconnect(code), true, `${code}`);
  for (const code of [1000, 4150, 4199]) assert.equal(mayReconnect(code), false, `${code}`);
  const person = await stage.person();
  const connect = () => V1Device.connect(stage.gateway(1), person);
  const codeAfter = async (act: () => Promise<unknown>) => {
    const device = await connect();
    await act();
    return (await within(device.closed, 'close')).code;
  };
  assert.equal(await codeAfter(() => stage.api.disconnect(person.user, true)), 4003);
  assert.equal(await codeAfter(() => stage.api.disconnect(person.user)), 4102);
  assert.equal(await codeAfter(() => stage.api.removeHash(person.user)), 4002);
});
