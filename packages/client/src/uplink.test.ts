import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { closeCodes } from '@encke/protocol';
import { type Client, createClient } from './client.ts';
import type { State } from './events.ts';
import { type ScriptedGateway, startGateway } from './gateway.fixture.ts';
import type { ClientOptions } from './options.ts';
import { until } from './tabs/web-locks.fixture.ts';

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
    user: 7,
    backoff: { base: 1, cap: 5 },
    ...options,
  });
  clients.push(client);
  return client;
}

const reached = <Name extends State['name']>(
  client: Client,
  name: Name,
): Promise<Extract<State, { name: Name }>> =>
  new Promise((resolve) => {
    const leave = client.on('state', (state) => {
      if (state.name !== name) return;
      leave();
      resolve(state as Extract<State, { name: Name }>);
    });
  });

// 1006 and 1005 cannot be sent: the first is a cut connection, tested below.
for (const [name, { code, reconnect }] of Object.entries(closeCodes))
  test(`[C1] close code ${code} ${name}: ${reconnect ? 'comes back' : 'stays away'}`, async () => {
    const client = connect();
    const visit = await gateway.visit();
    await visit.welcome();
    const end = reached(client, reconnect ? 'waiting' : 'closed');
    visit.socket.close(code, 'as the test says');
    const state = await end;
    assert.deepEqual([state.code, state.reason], [code, 'as the test says']);
    if (reconnect) await (await gateway.visit()).welcome();
    else assert.equal(client.state.name, 'closed');
  });

for (const [code, comes] of [
  [1000, false],
  [1001, true],
  [1012, true],
  [3000, true],
  [4099, true],
  [4199, false],
] as const)
  test(`[C1] close code ${code}: ${comes ? 'comes back' : 'stays away'}`, async () => {
    const client = connect();
    const visit = await gateway.visit();
    await visit.welcome();
    const end = reached(client, comes ? 'waiting' : 'closed');
    visit.socket.close(code);
    await end;
    if (comes) await gateway.visit();
  });

test('a cut connection is code 1006 and comes back', async () => {
  const client = connect();
  const visit = await gateway.visit();
  await visit.welcome();
  const waiting = reached(client, 'waiting');
  visit.socket.terminate();
  const state = await waiting;
  assert.deepEqual([state.code, state.reason], [1006, 'connection lost']);
  assert.ok(state.retryIn <= 5);
  await gateway.visit();
});

test('the error frame before a close explains it', async () => {
  const client = connect();
  const visit = await gateway.visit();
  await visit.hello();
  const closed = reached(client, 'closed');
  visit.send({ type: 'error', code: 'bad-frame', message: '`app` must be an integer' });
  visit.socket.close(closeCodes.badFrame.code, closeCodes.badFrame.reason);
  assert.equal((await closed).reason, 'bad frame: `app` must be an integer');
});

test('nobody listens: it tries again and again, with growing limits, and another gateway each time', async () => {
  const other = await startGateway();
  await other.stop();
  const client = connect({ url: [other.url, gateway.url], backoff: { base: 2, cap: 8 } });
  await (await gateway.visit()).welcome();
  await reached(client, 'online');
});

test('a connection that fails without a close, as in Node.js 22, is a lost one', async () => {
  class Failing extends EventTarget {
    readonly readyState = 0;
    constructor() {
      super();
      setImmediate(() => this.dispatchEvent(new Event('error')));
    }
    close(): void {}
  }
  const client = connect({ WebSocket: Failing as never });
  const state = await reached(client, 'waiting');
  assert.deepEqual([state.code, state.reason], [1006, 'connection lost']);
});

test('going-away: waits as long as the server says, and a little more', async () => {
  const client = connect();
  const visit = await gateway.visit();
  await visit.welcome();
  const waiting = reached(client, 'waiting');
  visit.send({ type: 'going-away', reconnectIn: 40 });
  const began = performance.now();
  visit.socket.close(closeCodes.drain.code);
  const { retryIn } = await waiting;
  assert.ok(retryIn >= 40 && retryIn <= 45, `${retryIn}`);
  await gateway.visit();
  assert.ok(performance.now() - began >= 35);
});

test('a senseless hint does not hang the client', async () => {
  const client = connect();
  const visit = await gateway.visit();
  await visit.welcome();
  const waiting = reached(client, 'waiting');
  visit.send({ type: 'going-away', reconnectIn: Number.NaN });
  visit.socket.close(closeCodes.drain.code);
  assert.ok((await waiting).retryIn <= 5);
});

test('connections that do not last keep the waits growing, one that did resets them', async () => {
  mock.method(Math, 'random', () => 1);
  const real = Date.now;
  let later = 0;
  mock.method(Date, 'now', () => real() + later);
  const client = connect({ backoff: { base: 2, cap: 100, stable: 60_000 } });
  const waits: number[] = [];
  client.on('state', (state) => {
    if (state.name === 'waiting') waits.push(state.retryIn);
  });
  for (let i = 0; i < 3; i += 1) {
    const visit = await gateway.visit();
    await visit.welcome();
    visit.socket.close(closeCodes.moved.code);
  }
  const visit = await gateway.visit();
  const online = reached(client, 'online');
  await visit.welcome();
  await online;
  later = 60_000;
  visit.socket.close(closeCodes.moved.code);
  await gateway.visit();
  assert.deepEqual(waits, [2, 4, 8, 2]);
});

test('getKey is asked once for many attempts', async () => {
  const getKey = mock.fn(async () => 'good');
  connect({ getKey });
  for (let i = 0; i < 3; i += 1) {
    const visit = await gateway.visit();
    assert.equal((await visit.welcome()).key, 'good');
    visit.socket.terminate();
  }
  assert.equal((await (await gateway.visit()).hello()).key, 'good');
  assert.equal(getKey.mock.callCount(), 1);
});

test('signed out: the next attempt asks for a fresh key', async () => {
  let asked = 0;
  connect({ getKey: () => `key${++asked}` });
  const visit = await gateway.visit();
  assert.equal((await visit.welcome()).key, 'key1');
  visit.socket.close(closeCodes.signedOut.code);
  assert.equal((await (await gateway.visit()).welcome()).key, 'key2');
});

test('refused: asks again once, and comes back with another key', async () => {
  let asked = 0;
  const client = connect({ getKey: () => `key${++asked}` });
  const answers: boolean[] = [];
  client.onAuth((authorized) => answers.push(authorized));
  const visit = await gateway.visit();
  assert.equal((await visit.refuse()).key, 'key1');
  const second = await gateway.visit();
  const online = reached(client, 'online');
  assert.equal((await second.welcome()).key, 'key2');
  assert.equal(await visit.ended, 1000);
  await online;
  assert.deepEqual(answers, [false, true]);
  assert.equal(asked, 2);
});

test('refused with the same key: stays, and asks again only at the next attempt', async () => {
  const asks: (() => void)[] = [];
  const getKey = mock.fn(async () => {
    asks.shift()?.();
    return 'bad';
  });
  const client = connect({ getKey });
  const second = new Promise<void>((resolve) => asks.push(() => {}, resolve));
  const visit = await gateway.visit();
  await visit.refuse();
  await second;
  // Longer than every wait of this client: a loop would show.
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(getKey.mock.callCount(), 2);
  assert.equal(gateway.waiting, 0);
  assert.equal(client.state.name, 'online');
  visit.socket.terminate();
  await (await gateway.visit()).hello();
  assert.equal(getKey.mock.callCount(), 3);
});

test('refused, and getKey fails: asks until it gives another key', async () => {
  const logged = mock.method(console, 'error', () => {});
  const keys = ['old', undefined, undefined, 'new'];
  connect({
    getKey: () => {
      const key = keys.shift();
      if (key === undefined) throw new Error('no network');
      return key;
    },
  });
  await (await gateway.visit()).refuse();
  assert.equal((await (await gateway.visit()).hello()).key, 'new');
  assert.equal(logged.mock.callCount(), 2);
});

test('refused, and the connection is lost while getKey fails: comes back', async () => {
  mock.method(console, 'error', () => {});
  let fail = (_error: Error): void => {};
  let asked = 0;
  const client = connect({
    getKey: () => {
      asked += 1;
      return asked === 2
        ? new Promise<string>((_, reject) => {
            fail = reject;
          })
        : 'old';
    },
    backoff: { base: 30, cap: 30 },
  });
  mock.method(Math, 'random', () => 1);
  const visit = await gateway.visit();
  await visit.refuse();
  await until(() => assert.equal(asked, 2));
  client.on('state', (state) => state.name === 'waiting' && fail(new Error('no network')));
  visit.socket.terminate();
  await (await gateway.visit()).refuse();
});

test('a getKey that fails makes the attempt fail, not the client', async () => {
  let asked = 0;
  const client = connect({
    getKey: () => {
      asked += 1;
      if (asked < 3) throw new Error('no network');
      return 'late';
    },
  });
  assert.equal((await reached(client, 'waiting')).reason, 'getKey failed: Error: no network');
  assert.equal((await (await gateway.visit()).hello()).key, 'late');
});

test('a getKey that gives what no gateway takes makes the attempt fail, and null is no key', async () => {
  const keys = [7 as never, 'k'.repeat(4_097), null];
  const client = connect({ getKey: () => keys.shift() });
  const rule = 'getKey failed: TypeError: `key` must be a string of at most 4096 characters';
  assert.equal((await reached(client, 'waiting')).reason, rule);
  assert.equal((await reached(client, 'waiting')).reason, rule);
  assert.equal('key' in (await (await gateway.visit()).hello()), false);
});

test('an anonymous client asks nobody for a key', async () => {
  const getKey = mock.fn(() => 'unused');
  connect({ user: 0, getKey });
  await (await gateway.visit()).refuse();
  assert.equal(getKey.mock.callCount(), 0);
});

test('close during getKey: no socket is opened', async () => {
  let answer = (_key: string): void => {};
  const client = connect({
    getKey: () =>
      new Promise<string>((resolve) => {
        answer = resolve;
      }),
  });
  await new Promise(setImmediate);
  client.close();
  answer('late');
  await new Promise(setImmediate);
  assert.equal(gateway.waiting, 0);
  assert.equal(client.state.name, 'closed');
});

test('close while waiting: no further attempt', async () => {
  const client = connect();
  const visit = await gateway.visit();
  await visit.welcome();
  client.on('state', (state) => {
    if (state.name === 'waiting') client.close();
  });
  visit.socket.terminate();
  await reached(client, 'closed');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(gateway.waiting, 0);
});

test('a WebSocket that may not be opened ends the client with the reason', async () => {
  mock.method(console, 'error', () => {});
  class Forbidden {
    constructor() {
      throw new Error('mixed content');
    }
  }
  const client = connect({ WebSocket: Forbidden as never });
  assert.equal((await reached(client, 'closed')).reason, 'Error: mixed content');
});
