import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { limits } from '@encke/protocol';
import { type Client, createClient } from './client.ts';
import type { Message, Missed } from './events.ts';
import { epoch, type ScriptedGateway, startGateway } from './gateway.fixture.ts';
import type { ClientOptions } from './options.ts';
import type { StorageLike } from './storage.ts';

let gateway: ScriptedGateway;
const clients: Client[] = [];

beforeEach(async () => {
  gateway = await startGateway();
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await gateway.stop();
  mock.restoreAll();
});

function connect(options: ClientOptions = {}): Client {
  const client = createClient({
    url: gateway.url,
    app: 1,
    user: 7,
    key: 'secret',
    backoff: { base: 1, cap: 5 },
    ...options,
  });
  clients.push(client);
  return client;
}

function memory(): StorageLike {
  const map = new Map<string, string>();
  return {
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
  };
}

/** Resolves with the next message; each test orders its own. */
const nextMessage = (client: Client): Promise<Message> =>
  new Promise((resolve) => {
    const leave = client.onMessage('*', (message) => {
      leave();
      resolve(message);
    });
  });

test('the hello is the first frame and carries the key; the URL does not', async () => {
  const client = connect({ device: 'phone-1' });
  const visit = await gateway.visit();
  assert.deepEqual(await visit.welcome(41), {
    type: 'hello',
    app: 1,
    user: 7,
    key: 'secret',
    device: 'phone-1',
  });
  assert.equal(visit.url, '/v1/ws');
  assert.equal(visit.socket.protocol, 'encke.v1');
  await new Promise<void>((resolve) => client.onAuth(() => resolve()));
  assert.deepEqual(client.state, { name: 'online', authorized: true, session: 'node1.1' });
  assert.equal(client.session, 'node1.1');
  assert.equal(client.authorized, true);
  assert.deepEqual(client.position, { epoch, seq: 41 });
});

test('anonymous: no user, no key, no resume; told that it is not authorised', async () => {
  const client = connect({ user: 0, key: 'unused' });
  const answer = new Promise((resolve) => client.onAuth(resolve));
  const hello = await (await gateway.visit()).refuse();
  assert.deepEqual(Object.keys(hello).sort(), ['app', 'device', 'type']);
  assert.equal(await answer, false);
  assert.equal(client.state.name, 'online');
});

for (const [name, options, text] of [
  ['app', { app: -1 }, '`app` must be an integer from 0 to 999999999'],
  ['user', { user: 1.5 }, '`user` must be an integer from 1 to 999999999'],
  ['device', { device: 'a b' }, '`device` must be 1 to 64 characters of A-Z a-z 0-9 _ -'],
  ['key', { key: 7 as never }, '`key` must be a string of at most 4096 characters'],
  ['long key', { key: 'k'.repeat(4_097) }, '`key` must be a string of at most 4096 characters'],
  ['list of urls', { url: [] }, '`url` must name at least one gateway'],
  ['url', { url: 'localhost' }, '`url` must start with https://, http://, wss:// or ws://'],
] as const)
  test(`a bad ${name} throws at once and names the rule`, () =>
    assert.throws(() => connect(options), new TypeError(text)));

test('a key that is null is none', async () => {
  connect({ key: null as never });
  assert.equal('key' in (await (await gateway.visit()).hello()), false);
});

test('each message reaches each handler once, in order, copies dropped', async () => {
  const client = connect();
  const all: number[] = [];
  const named: unknown[] = [];
  client.on('message', (message) => all.push(message.seq));
  client.onMessage('chat', (message) => named.push(message.data));
  client.on('message:chat', (message) => named.push(message.id));
  const visit = await gateway.visit();
  await visit.welcome(10);
  for (const seq of [9, 10, 11, 11, 12, 11, 10, 12, 15]) visit.message(seq);
  visit.message(16, { deep: [1] }, 'chat');
  while (all.length < 4) await nextMessage(client);
  assert.deepEqual(all, [11, 12, 15, 16]);
  assert.deepEqual(named, [{ deep: [1] }, `${epoch}-16`]);
  assert.deepEqual(client.position, { epoch, seq: 16 });
});

test('a message tells all about itself', async () => {
  const client = connect();
  const visit = await gateway.visit();
  await visit.welcome();
  const coming = nextMessage(client);
  visit.send({
    type: 'message',
    seq: 1,
    id: 'x-1',
    event: 'ev',
    data: null,
    time: 12,
    queued: true,
  });
  assert.deepEqual(await coming, {
    seq: 1,
    id: 'x-1',
    event: 'ev',
    data: null,
    time: 12,
    queued: true,
  });
});

test('the ack follows the handlers, and one covers a burst', async () => {
  const client = connect();
  const visit = await gateway.visit();
  await visit.welcome();
  let handled = 0;
  client.on('message', () => {
    // Blocks like an app that draws: an ack that did not wait would be sent by now.
    const end = Date.now() + 5;
    while (Date.now() < end);
    assert.equal(visit.waiting, 0);
    handled += 1;
  });
  for (let seq = 1; seq <= 20; seq += 1) visit.message(seq);
  let acks = 0;
  for (let acked = 0; acked < 20; acks += 1) {
    const frame = await visit.next();
    assert.ok(frame.type === 'ack' && frame.seq > acked && frame.seq <= handled);
    acked = frame.seq;
  }
  assert.ok(acks < 10, `${acks} acks`);
});

test('a copy is confirmed again, so that the server stops sending it', async () => {
  connect();
  const visit = await gateway.visit();
  await visit.welcome(5);
  visit.message(3);
  assert.deepEqual(await visit.next(), { type: 'ack', seq: 5, epoch });
});

test('a handler that throws neither stops the others nor the ack', async () => {
  const logged = mock.method(console, 'error', () => {});
  const client = connect();
  client.on('message', () => {
    throw new Error('bug in the page');
  });
  const coming = nextMessage(client);
  const visit = await gateway.visit();
  await visit.welcome();
  visit.message(1);
  assert.equal((await coming).seq, 1);
  assert.deepEqual(await visit.next(), { type: 'ack', seq: 1, epoch });
  assert.match(String(logged.mock.calls[0]?.arguments[0]), /bug in the page/);
});

test('[V11] a publish whose frame would be too long is refused, and the connection stays', async () => {
  const channel = connect().channel('web_room');
  const visit = await gateway.visit();
  await visit.welcome();
  /** Bytes of the frame. */
  const publish = async (data: string) => {
    channel.publish('e', data).catch(() => {});
    return Buffer.byteLength(JSON.stringify(await visit.next()));
  };
  // Four bytes in a frame: a quote is escaped, an umlaut is two bytes of UTF-8.
  const pairs = Math.floor((limits.clientFrame - (await publish(''))) / 4);
  assert.ok((await publish('"ü'.repeat(pairs))) > limits.clientFrame - 4);
  await assert.rejects(channel.publish('e', '"ü'.repeat(pairs + 1)), {
    code: 'bad-request',
    message: '`data` is too long',
  });
  await publish('the next one');
});

test('a lost connection is resumed from the position, and what was seen is confirmed again', async () => {
  const client = connect();
  const missed: Missed[] = [];
  client.onMissed((what) => missed.push(what));
  const first = await gateway.visit();
  await first.welcome(41);
  const coming = nextMessage(client);
  first.message(42);
  await coming;
  first.socket.terminate();
  const second = await gateway.visit();
  const hello = await second.welcome(42, true);
  assert.deepEqual(hello.resume, { epoch, seq: 42 });
  assert.deepEqual(await second.next(), { type: 'ack', seq: 42, epoch });
  const after = nextMessage(client);
  second.message(42);
  second.message(43);
  assert.equal((await after).seq, 43);
  assert.deepEqual(missed, []);
});

test('a reload resumes from what the storage kept', async () => {
  const storage = memory();
  const client = connect({ storage });
  const first = await gateway.visit();
  await first.welcome(1);
  const coming = nextMessage(client);
  first.message(2);
  await coming;
  client.close();
  const again = connect({ storage });
  const hello = await (await gateway.visit()).hello();
  assert.deepEqual(hello.resume, { epoch, seq: 2 });
  assert.equal(hello.device, client.device);
  assert.equal(again.device, client.device);
});

test('the first connection without a position has missed nothing', async () => {
  const client = connect();
  client.onMissed(() => assert.fail('missed'));
  const visit = await gateway.visit();
  await visit.welcome(100, false);
  const coming = nextMessage(client);
  visit.message(101);
  await coming;
});

test('resumed:false after a resume is told as missed, with both positions', async () => {
  const client = connect();
  const first = await gateway.visit();
  await first.welcome(5);
  first.socket.terminate();
  const missed = new Promise<Missed>((resolve) => client.onMissed(resolve));
  const second = await gateway.visit();
  await second.welcome(9, false);
  assert.deepEqual(await missed, { before: { epoch, seq: 5 }, now: { epoch, seq: 9 } });
});

test('a new epoch starts the count again', async () => {
  const client = connect();
  const seen: string[] = [];
  client.on('message', (message) => seen.push(message.id));
  const first = await gateway.visit();
  await first.welcome(50);
  first.socket.terminate();
  const second = await gateway.visit();
  await second.welcome(0, false, 'newepoch');
  const coming = nextMessage(client);
  second.message(1, 'x', '', 'newepoch');
  await coming;
  assert.deepEqual(seen, ['newepoch-1']);
  assert.deepEqual(client.position, { epoch: 'newepoch', seq: 1 });
  assert.deepEqual(await second.next(), { type: 'ack', seq: 1, epoch: 'newepoch' });
});

test('a missed frame moves the position and is told; no receipt of the old epoch follows', async () => {
  const client = connect();
  const visit = await gateway.visit();
  await visit.welcome(50);
  const missed = new Promise<Missed>((resolve) => client.onMissed(resolve));
  visit.message(51);
  visit.message(52);
  visit.send({ type: 'missed', epoch: 'newepoch', seq: 3 });
  visit.message(4);
  assert.deepEqual(await missed, {
    before: { epoch, seq: 52 },
    now: { epoch: 'newepoch', seq: 3 },
  });
  assert.deepEqual(await visit.next(), { type: 'ack', seq: 51, epoch });
  assert.deepEqual(await visit.next(), { type: 'ack', seq: 4, epoch: 'newepoch' });
});

test('close confirms what was seen, also the message in hand, and nothing follows', async () => {
  const client = connect();
  const visit = await gateway.visit();
  await visit.welcome();
  const seen: number[] = [];
  client.on('message', (message) => {
    seen.push(message.seq);
    if (message.seq === 3) client.close();
  });
  for (const seq of [1, 2, 3, 4]) visit.message(seq);
  const [code, first, second] = await Promise.all([visit.ended, visit.next(), visit.next()]);
  assert.equal(code, 1000);
  assert.deepEqual(
    [first, second].map((frame) => frame.type === 'ack' && frame.seq),
    [1, 3],
  );
  assert.deepEqual(seen, [1, 2, 3]);
  assert.deepEqual(client.state, { name: 'closed', reason: 'closed by the app' });
});

test('a client that a handler makes after closing this one does not get the message again', async () => {
  const storage = memory();
  const client = connect({ storage });
  const visit = await gateway.visit();
  await visit.welcome(1);
  client.onMessage('*', () => {
    client.close();
    connect({ storage });
  });
  visit.message(2);
  assert.deepEqual(await visit.next(), { type: 'ack', seq: 2, epoch });
  assert.deepEqual((await (await gateway.visit()).hello()).resume, { epoch, seq: 2 });
});

test('unsubscribing ends the messages of that handler alone', async () => {
  const client = connect();
  const seen: string[] = [];
  const leave = client.onMessage('*', () => seen.push('left'));
  client.onMessage('*', () => seen.push('stayed'));
  leave();
  const visit = await gateway.visit();
  await visit.welcome();
  const coming = nextMessage(client);
  visit.message(1);
  await coming;
  assert.deepEqual(seen, ['stayed']);
});

test('frames of a later version and broken ones are passed over', async () => {
  mock.method(console, 'error', () => {});
  const client = connect();
  const visit = await gateway.visit();
  await visit.welcome();
  const coming = nextMessage(client);
  visit.socket.send('{"type":"fireworks"}');
  visit.socket.send('no json');
  visit.socket.send(Buffer.from([1, 2, 3]));
  visit.message(1);
  assert.equal((await coming).seq, 1);
});
