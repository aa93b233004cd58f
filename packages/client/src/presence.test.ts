import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { type Client, createClient } from './client.ts';
import { type ScriptedGateway, startGateway, type Visit } from './gateway.fixture.ts';
import { until } from './tabs/web-locks.fixture.ts';

let gateway: ScriptedGateway;
let client: Client;
let visit: Visit;

beforeEach(async () => {
  gateway = await startGateway();
  client = createClient({ url: gateway.url, user: 7, key: 'secret', backoff: { base: 1, cap: 5 } });
  visit = await gateway.visit();
  await visit.welcome();
});

afterEach(async () => {
  client.close();
  await gateway.stop();
});

const channel = 'user_status_8';

function listen(signal?: AbortSignal): boolean[] {
  const heard: boolean[] = [];
  client.presence(8).on(({ online }) => heard.push(online), { signal });
  return heard;
}

async function subscribed(): Promise<void> {
  assert.deepEqual(await visit.next(), { type: 'subscribe', channel });
  visit.send({ type: 'subscribed', channel, recovered: false });
}

/** How to answer the next question, which is for the user's state. */
async function asked(): Promise<(online: boolean) => void> {
  const frame = await visit.next();
  assert.ok(frame.type === 'user-status');
  return (online) => visit.send({ type: 'user-status', ref: frame.ref, online, lastSeen: 1 });
}

test('each handler hears the present state, also one that comes when the channel is subscribed', async () => {
  const first = listen();
  await subscribed();
  (await asked())(true);
  await until(() => assert.deepEqual(first, [true]));
  const second = listen();
  assert.deepEqual(listen(AbortSignal.abort()), []);
  (await asked())(true);
  await until(() => assert.deepEqual(second, [true]));
  visit.send({ type: 'presence', user: 8, online: false, time: 1 });
  await until(() =>
    assert.deepEqual(
      [first, second],
      [
        [true, false],
        [true, false],
      ],
    ),
  );
  assert.equal(visit.waiting, 0);
});

test('an answer that a change has overtaken is dropped', async () => {
  const heard = listen();
  await subscribed();
  const answer = await asked();
  visit.send({ type: 'presence', user: 8, online: true, time: 1 });
  answer(false);
  visit.message(1);
  await new Promise<void>((resolve) => client.onMessage('*', () => resolve()));
  await new Promise(setImmediate);
  assert.deepEqual(heard, [true]);
});

test('a client that is closed before the answer reports no fault of the app', async (context) => {
  const reported = context.mock.method(console, 'error', () => {});
  const heard = listen();
  await subscribed();
  await asked();
  client.close();
  await visit.ended;
  assert.deepEqual(heard, []);
  assert.equal(reported.mock.callCount(), 0);
});
