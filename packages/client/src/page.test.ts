import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, mock, test } from 'node:test';
import { type Client, createClient } from './client.ts';
import { type ScriptedGateway, startGateway } from './gateway.fixture.ts';

/** The few names of a page that the client follows. */
const page = new EventTarget();
const tab = Object.assign(new EventTarget(), { visibilityState: 'visible' });
const names = ['addEventListener', 'document', 'sessionStorage', 'localStorage'] as const;

function storage() {
  const map = new Map<string, string>();
  return {
    getItem: (key: string) => map.get(key) ?? null,
    setItem: (key: string, value: string) => void map.set(key, value),
  };
}

const session = storage();
const local = storage();

before(() => {
  const values = [page.addEventListener.bind(page), tab, session, local];
  names.forEach((name, index) => {
    Object.defineProperty(globalThis, name, { value: values[index], configurable: true });
  });
});

after(() => {
  for (const name of names) Reflect.deleteProperty(globalThis, name);
});

let gateway: ScriptedGateway;
let client: Client;

beforeEach(async () => {
  // From the start: a real timer that is cleared while they are mocked would stay.
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  gateway = await startGateway();
  client = createClient({ url: gateway.url, user: 7, backoff: { base: 60_000, cap: 60_000 } });
});

afterEach(async () => {
  client.close();
  await gateway.stop();
  mock.timers.reset();
  tab.visibilityState = 'visible';
});

const fire = (target: EventTarget, name: string, fields = {}): void => {
  target.dispatchEvent(Object.assign(new Event(name), fields));
};
const show = (visibilityState: string): void => {
  tab.visibilityState = visibilityState;
  fire(tab, 'visibilitychange');
};
const online = () =>
  new Promise<void>((resolve) => {
    client.on('state', (state) => state.name === 'online' && resolve());
  });

test('the position is kept for the tab, the device for the browser', async () => {
  const ready = online();
  const hello = await (await gateway.visit()).welcome(12);
  await ready;
  assert.equal(session.getItem('encke:0:7:position'), 'abcdefghij:12');
  assert.equal(local.getItem('encke:device'), hello.device);
});

test('back online: the connection is asked at once, and dropped when nothing comes', async () => {
  const ready = online();
  const visit = await gateway.visit();
  await visit.welcome(12, true);
  await ready;
  fire(page, 'online');
  while ((await visit.next()).type !== 'ping');
  const waiting = new Promise<string>((resolve) => {
    client.on('state', (state) => state.name === 'waiting' && resolve(state.reason));
  });
  mock.timers.tick(10_000);
  assert.equal(await waiting, 'the server does not answer');
  fire(page, 'online');
  await (await gateway.visit()).hello();
});

test('a page back in sight after more than 5 seconds asks too, a shorter glance away does not', async () => {
  const ready = online();
  const visit = await gateway.visit();
  await visit.welcome(100, false, 'anotherone');
  await ready;
  show('hidden');
  mock.timers.tick(5_000);
  show('visible');
  visit.message(101);
  assert.deepEqual(await visit.next(), { type: 'ack', seq: 101 });
  show('hidden');
  mock.timers.tick(5_001);
  show('visible');
  assert.deepEqual(await visit.next(), { type: 'ping' });
});

test('a page that goes confirms what it has seen without waiting', async () => {
  const visit = await gateway.visit();
  await visit.welcome(0, false, 'thirdepoch');
  const all = new Promise<void>((resolve) => {
    client.on('message', (message) => {
      if (message.seq !== 3) return;
      // In its task, as a page would: the timer of the receipts cannot have run.
      setImmediate(() => {
        fire(page, 'pagehide', { persisted: false });
        resolve();
      });
    });
  });
  for (const seq of [1, 2, 3]) visit.message(seq);
  await all;
  assert.deepEqual(await visit.next(), { type: 'ack', seq: 1 });
  assert.deepEqual(await visit.next(), { type: 'ack', seq: 3 });
  assert.equal(client.state.name, 'online');
});

test('into the back/forward cache and out again: the socket is given up and reopened', async () => {
  const ready = online();
  const visit = await gateway.visit();
  await visit.welcome(8, false, 'fourthone');
  await ready;
  const ended = visit.ended;
  fire(page, 'pagehide', { persisted: true });
  assert.equal(await ended, 1000);
  assert.equal(client.state.name, 'waiting');
  fire(page, 'pageshow', { persisted: true });
  const hello = await (await gateway.visit()).hello();
  assert.deepEqual(hello.resume, { epoch: 'fourthone', seq: 8 });
});

test('after close the page is not followed any more', async () => {
  await (await gateway.visit()).welcome(9, false, 'fifthone');
  client.close();
  fire(page, 'online');
  fire(page, 'pageshow', { persisted: true });
  await new Promise(setImmediate);
  assert.equal(client.state.name, 'closed');
  assert.equal(gateway.waiting, 0);
});
