import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { closeCodes } from '@encke/protocol';
import { type Client, createClient } from '../client.ts';
import type { Missed } from '../events.ts';
import { epoch, type ScriptedGateway, startGateway, type Visit } from '../gateway.fixture.ts';
import type { ClientOptions } from '../options.ts';
import { installLocks, MemoryLocks, until } from './web-locks.fixture.ts';

/** Milliseconds between beats. */
const beat = 3_000;

let gateway: ScriptedGateway;
let locks: MemoryLocks;
let restore: () => void;
const clients: Client[] = [];

beforeEach(async () => {
  gateway = await startGateway();
  locks = new MemoryLocks();
  restore = installLocks(locks);
  Object.defineProperty(globalThis, 'document', { value: new EventTarget(), configurable: true });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await until(() => assert.deepEqual(locks.names, []));
  await gateway.stop();
  restore();
  Reflect.deleteProperty(globalThis, 'document');
  mock.timers.reset();
  mock.restoreAll();
});

interface Tab {
  readonly client: Client;
  readonly data: unknown[];
}

function open(options: ClientOptions = {}): Tab {
  const map = new Map<string, string>();
  const storage = {
    getItem: (key: string) => map.get(key) ?? null,
    setItem: (key: string, value: string) => void map.set(key, value),
  };
  const client = createClient({
    url: gateway.url,
    app: 1,
    user: 7,
    ...(!options.getKey && { key: 'secret' }),
    device: 'browser',
    storage,
    backoff: { base: 1, cap: 5 },
    ...options,
  });
  clients.push(client);
  const data: unknown[] = [];
  client.onMessage('*', (message) => data.push(message.data));
  return { client, data };
}

const online = (...tabs: Tab[]) =>
  until(() => {
    for (const { client } of tabs) assert.equal(client.state.name, 'online');
  });

/** The first tab holds the socket. */
async function share(...options: ClientOptions[]): Promise<{ tabs: Tab[]; visit: Visit }> {
  const [first, ...rest] = options;
  const tabs = [open(first)];
  const visit = await gateway.visit();
  await visit.welcome();
  await online(...tabs);
  for (const other of rest) {
    tabs.push(open(other));
    await online(...tabs);
  }
  return { tabs, visit };
}

const lock = () =>
  locks.names.find((name) => name.startsWith('encke:') && !name.includes(' ')) ?? '';

/** Takes the lock from its holder, as a tab does that does not hear it. Returns how to give it back. */
async function steal(): Promise<() => void> {
  let giveBack = (): void => {};
  await new Promise<void>((stolen) => {
    void locks.request(lock(), { steal: true }, () => {
      stolen();
      return new Promise<void>((resolve) => {
        giveBack = resolve;
      });
    });
  });
  return giveBack;
}

/** The next frame of this type. */
async function frame(visit: Visit, type: string) {
  for (;;) {
    const next = await visit.next();
    if (next.type === type) return next as never as Record<string, unknown>;
  }
}

test('a list of no addresses is refused at once, also where the tabs share', () =>
  assert.throws(() => open({ url: [] }), new TypeError('`url` must name at least one gateway')));

test('tabs share the socket for as long as they like, also when nothing comes', async () => {
  mock.timers.enable({ apis: ['setInterval'] });
  const { tabs, visit } = await share({}, {});
  const [holder, follower] = tabs.map(({ client }) => client);
  const heard: unknown[] = [];
  holder?.channel('news').onMessage(({ data }) => heard.push(data));
  await frame(visit, 'subscribe');
  visit.send({ type: 'subscribed', channel: 'news', recovered: false });
  for (let i = 0; i < 10; i += 1) {
    mock.timers.tick(beat);
    await delivered();
  }
  visit.message(1);
  visit.send({ type: 'channel', channel: 'news', id: 'x', event: '', data: 'n', time: 1 });
  await until(() => {
    assert.deepEqual(
      tabs.map(({ data }) => data),
      [['m1'], ['m1']],
    );
    assert.deepEqual(heard, ['n']);
  });
  assert.deepEqual([holder?.holdsSocket, follower?.holdsSocket], [true, false]);
  assert.equal(gateway.waiting, 0);
});

test('the holder is closed between two messages: the next tab goes on, and each has each once', async () => {
  const { tabs, visit } = await share({}, {}, {});
  const [first, ...others] = tabs;
  visit.message(1);
  visit.message(2);
  await until(() => assert.deepEqual(others.at(-1)?.data, ['m1', 'm2']));
  first?.client.close();
  const next = await gateway.visit();
  const hello = await next.welcome(1, true);
  assert.deepEqual(hello.resume, { epoch, seq: 2 });
  for (const seq of [2, 3]) next.message(seq);
  await until(() => {
    for (const { data } of others) assert.deepEqual(data, ['m1', 'm2', 'm3']);
  });
  assert.deepEqual(first?.data, ['m1', 'm2']);
  assert.deepEqual(others.map(({ client }) => client.holdsSocket).sort(), [false, true]);
});

/** Keeps the next lock that is asked for waiting. Returns how to let it be had. */
function holdBack(): () => void {
  const { request } = locks;
  let letGo = (): void => {};
  const free = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const { mock: it } = mock.method(locks, 'request', (...args: Parameters<typeof request>) => {
    it.restore();
    return free.then(() => request.apply(locks, args));
  });
  return letGo;
}

/** Letters between the tabs, and their answers, have come. */
async function delivered(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((next) => setImmediate(next));
}

const from = (seq: number) => ({ getItem: () => `${epoch}:${seq}`, setItem() {} });

test('a tab joins when its own lock is held: before, the holder takes it for dead, and it would skip messages', async () => {
  mock.timers.enable({ apis: ['setInterval'] });
  const { tabs, visit } = await share({});
  const letGo = holdBack();
  const late = open({ storage: from(0) });
  mock.timers.tick(beat);
  await delivered();
  visit.message(1);
  await until(() => assert.deepEqual(tabs[0]?.data, ['m1']));
  const third = open();
  await online(third);
  visit.message(2);
  await until(() => assert.deepEqual(third.data, ['m2']));
  letGo();
  await until(() => assert.deepEqual(late.data, ['m1', 'm2']));
});

test('a tab that wants a channel before it has joined skips no message', async () => {
  const { tabs, visit } = await share({});
  const [first] = tabs;
  first?.client.channel('news').onMessage(() => {});
  await frame(visit, 'subscribe');
  visit.send({ type: 'subscribed', channel: 'news', recovered: false });
  for (const seq of [1, 2, 3]) visit.message(seq);
  await until(() => assert.equal(first?.data.length, 3));
  const other = open();
  await online(other);
  const letGo = holdBack();
  const late = open({ storage: from(1) });
  late.client.channel('news').onMessage(() => {});
  await delivered();
  visit.message(4);
  await until(() => assert.deepEqual(other.data, ['m4']));
  letGo();
  await until(() => assert.deepEqual(late.data, ['m2', 'm3', 'm4']));
});

test('a tab that was away too long is told what it missed, and those that saw it are not', async () => {
  const a = open();
  const visit = await gateway.visit();
  await visit.welcome(50);
  visit.message(51);
  await until(() => assert.deepEqual(a.data, ['m51']));
  const missed: [string, Missed][] = [];
  a.client.onMissed((what) => missed.push(['a', what]));
  const b = open({ storage: { getItem: () => `${epoch}:20`, setItem() {} } });
  b.client.onMissed((what) => missed.push(['b', what]));
  const again = await gateway.visit();
  assert.deepEqual((await again.welcome(51, false)).resume, { epoch, seq: 20 });
  again.message(52);
  await until(() => {
    for (const { data } of [a, b]) assert.equal(data.at(-1), 'm52');
  });
  assert.deepEqual(missed, [['b', { before: { epoch, seq: 20 }, now: { epoch, seq: 51 } }]]);
});

test('a holder whose lock is stolen stands down: its publish is interrupted, and not sent twice', async () => {
  const { tabs, visit } = await share({}, {});
  const [first, second] = tabs;
  assert.ok(first && second);
  const published = first.client.channel('web_chat').publish('said', 1);
  const interrupted = assert.rejects(published, { code: 'interrupted' });
  await frame(visit, 'publish');
  const giveBack = await steal();
  await interrupted;
  assert.equal(first.client.state.name, 'connecting');
  giveBack();
  const next = await gateway.visit();
  await next.welcome();
  await online(first, second);
  assert.deepEqual([first.client.holdsSocket, second.client.holdsSocket], [false, true]);
  const asked = first.client.channel('web_chat').count();
  const { ref } = await frame(next, 'count');
  assert.equal(next.waiting, 0);
  next.send({ type: 'count', ref: ref as string, subscribers: 3 });
  assert.equal(await asked, 3);
});

test('what a channel brings before its new beginning waits: a tab that was deposed misses nothing of it', async () => {
  const { tabs, visit } = await share({}, {});
  const [first] = tabs;
  const seqs: unknown[] = [];
  first?.client.channel('news').onMessage(({ data }) => seqs.push(data));
  const message = (seq: number) =>
    ({
      type: 'channel',
      channel: 'news',
      id: `${seq}`,
      event: '',
      data: seq,
      time: 1,
      epoch,
      seq,
    }) as const;
  await frame(visit, 'subscribe');
  visit.send({ type: 'subscribed', channel: 'news', epoch, seq: 0, recovered: false }, message(1));
  await until(() => assert.deepEqual(seqs, [1]));
  (await steal())();
  const next = await gateway.visit();
  await next.welcome();
  assert.deepEqual((await frame(next, 'subscribe')).position, { epoch, seq: 1 });
  next.send(message(3), { type: 'subscribed', channel: 'news', epoch, seq: 1, recovered: true });
  next.send(message(2), message(3));
  await until(() => assert.deepEqual(seqs, [1, 2, 3]));
});

test('a publish of a follower when the holder is closed is interrupted; a question is asked again', async () => {
  const { tabs, visit } = await share({}, {});
  const [first, second] = tabs;
  const published = second?.client.channel('web_chat').publish('said', { on: new Date(0), f() {} });
  const interrupted = assert.rejects(published as Promise<number>, { code: 'interrupted' });
  const counted = second?.client.channel('web_chat').count();
  assert.deepEqual((await frame(visit, 'publish')).data, { on: '1970-01-01T00:00:00.000Z' });
  await frame(visit, 'count');
  first?.client.close();
  await interrupted;
  const next = await gateway.visit();
  await next.welcome();
  const { ref } = await frame(next, 'count');
  next.send({ type: 'count', ref: ref as string, subscribers: 2 });
  assert.equal(await counted, 2);
});

test('data that cannot be JSON fails its own publish, and nothing else', async () => {
  const { tabs, visit } = await share({}, {});
  visit.socket.terminate();
  await until(() => assert.notEqual(tabs[0]?.client.state.name, 'online'));
  const bad = tabs.map(({ client }) => client.channel('web_chat').publish('said', 1n));
  const failed = bad.map((publish) => assert.rejects(publish, TypeError));
  const good = tabs.map(({ client }) => client.channel('web_chat').count());
  const next = await gateway.visit();
  await next.welcome();
  for (let i = 0; i < 2; i += 1) {
    const { ref } = await frame(next, 'count');
    next.send({ type: 'count', ref: ref as string, subscribers: i });
  }
  await Promise.all([...failed, ...good]);
});

test('closed with 4007: the key is asked for again, of another tab when the own one has no other', async () => {
  let asked = 0;
  const { visit } = await share(
    {
      getKey: () => {
        asked += 1;
        return 'old';
      },
    },
    {
      getKey: () => {
        throw new Error('logged out');
      },
    },
    { getKey: async () => 'new' },
  );
  visit.socket.close(closeCodes.refresh.code);
  assert.equal((await (await gateway.visit()).hello()).key, 'new');
  assert.equal(asked, 2);
});

test('another tab whose getKey gives something else than a key holds nobody up', async () => {
  const keys = ['old'];
  const { visit } = await share(
    {
      getKey: () => {
        const key = keys.shift();
        if (key === undefined) throw new Error('logged out');
        return key;
      },
    },
    { getKey: () => (() => {}) as never },
    { getKey: () => 'k'.repeat(4_097) },
    { getKey: async () => 'new' },
  );
  visit.socket.close(closeCodes.refresh.code);
  assert.equal((await (await gateway.visit()).hello()).key, 'new');
});

test('closed by the server for good: no tab connects again, and no lock is kept', async () => {
  const { tabs, visit } = await share({}, {}, {});
  visit.socket.close(closeCodes.replaced.code);
  await until(() => {
    for (const { client } of tabs) assert.equal(client.state.name, 'closed');
  });
  await until(() => assert.deepEqual(locks.names, []));
  assert.equal(gateway.waiting, 0);
});

test('where the browser refuses a channel between tabs, each has a socket of its own', async () => {
  const { BroadcastChannel } = globalThis;
  globalThis.BroadcastChannel = class {
    constructor() {
      throw new DOMException('refused', 'SecurityError');
    }
  } as never;
  try {
    const tabs = [open(), open()];
    for (const _ of tabs) await (await gateway.visit()).welcome();
    await online(...tabs);
  } finally {
    globalThis.BroadcastChannel = BroadcastChannel;
  }
});
