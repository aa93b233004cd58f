import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, mock, test } from 'node:test';
import type { ClientFrame, Hello, ServerFrame } from '@encke/protocol';
import { type Client, createClient } from './client.ts';
import type { WebSocketConstructor } from './web-socket.ts';

/** A socket without a network, so that mocked time is all the time there is. */
class FakeSocket extends EventTarget {
  static readonly opened: FakeSocket[] = [];
  readyState = 0;
  closedWith: number | undefined;
  readonly sent: ClientFrame[] = [];

  constructor() {
    super();
    FakeSocket.opened.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code?: number): void {
    this.readyState = 2;
    this.closedWith = code;
  }

  open(seq: number, epoch = 'epoch'): Hello {
    this.readyState = 1;
    this.dispatchEvent(new Event('open'));
    const frame = { authorized: true, session: 'node1.1', epoch, seq, resumed: false } as const;
    this.receive({ type: 'ready', ...frame });
    return this.sent.shift() as Hello;
  }

  receive(frame: ServerFrame): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(frame) }));
  }

  message(seq: number): void {
    this.receive({ type: 'message', seq, id: `e-${seq}`, event: '', data: seq, time: 1 });
  }
}

const page = new EventTarget();
const tab = Object.assign(new EventTarget(), { visibilityState: 'visible' });

function storage() {
  const map = new Map<string, string>();
  return {
    map,
    getItem: (key: string) => map.get(key) ?? null,
    setItem: (key: string, value: string) => void map.set(key, value),
  };
}

const session = storage();
const local = storage();
const globals = {
  addEventListener: page.addEventListener.bind(page),
  document: tab,
  sessionStorage: session,
  localStorage: local,
};

before(() => {
  for (const [name, value] of Object.entries(globals))
    Object.defineProperty(globalThis, name, { value, configurable: true });
});

after(() => {
  for (const name of Object.keys(globals)) Reflect.deleteProperty(globalThis, name);
});

let client: Client;
let socket: FakeSocket;

/** Lets the client get through its awaits. */
const settled = () => new Promise(setImmediate);

async function nextSocket(): Promise<FakeSocket> {
  await settled();
  const opened = FakeSocket.opened.shift();
  assert.ok(opened, 'no socket was opened');
  return opened;
}

beforeEach(async () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  session.map.clear();
  client = createClient({
    url: 'ws://gateway',
    user: 7,
    WebSocket: FakeSocket as unknown as WebSocketConstructor,
  });
  socket = await nextSocket();
});

afterEach(() => {
  client.close();
  mock.timers.reset();
  tab.visibilityState = 'visible';
  assert.equal(FakeSocket.opened.length, 0);
});

const fire = (target: EventTarget, name: string, fields = {}): void => {
  target.dispatchEvent(Object.assign(new Event(name), fields));
};
const show = (visibilityState: string): void => {
  tab.visibilityState = visibilityState;
  fire(tab, 'visibilitychange');
};

test('the position is kept for the tab, the device for the browser', () => {
  const { device } = socket.open(12);
  assert.equal(session.getItem('encke:0:7:position'), 'epoch:12');
  assert.equal(local.getItem('encke:device'), device);
  socket.message(13);
  assert.equal(session.getItem('encke:0:7:position'), 'epoch:13');
});

test('the position is stored after the handlers, in their task', () => {
  socket.open(12);
  client.on('message', () => {
    assert.equal(session.getItem('encke:0:7:position'), 'epoch:12');
    assert.equal(client.position?.seq, 13);
  });
  socket.message(13);
  assert.equal(session.getItem('encke:0:7:position'), 'epoch:13');
});

test('no ready frame within 15 seconds: dropped, and another attempt', async () => {
  mock.timers.tick(14_999);
  assert.equal(client.state.name, 'connecting');
  mock.timers.tick(1);
  assert.equal(client.state.name, 'waiting');
  assert.equal(socket.closedWith, 4005);
  mock.timers.tick(300);
  await nextSocket();
});

test('silence: asked after 30 seconds, dropped after 10 more; a late close changes nothing', async () => {
  socket.open(12);
  mock.timers.tick(30_000);
  assert.deepEqual(socket.sent, [{ type: 'ping' }]);
  socket.receive({ type: 'pong' });
  mock.timers.tick(30_000);
  assert.equal(socket.sent.length, 2);
  mock.timers.tick(10_000);
  assert.deepEqual([client.state.name, socket.closedWith], ['waiting', 4005]);
  socket.dispatchEvent(Object.assign(new Event('close'), { code: 1000, reason: '' }));
  socket.message(13);
  mock.timers.tick(300);
  const second = await nextSocket();
  assert.deepEqual(second.open(12).resume, { epoch: 'epoch', seq: 12 });
});

test('back online: the connection is asked at once, or opened at once when there is none', async () => {
  socket.open(12);
  fire(page, 'online');
  assert.deepEqual(socket.sent, [{ type: 'ping' }]);
  mock.timers.tick(10_000);
  assert.equal(client.state.name, 'waiting');
  fire(page, 'online');
  await nextSocket();
});

test('back in sight after more than 5 seconds: asked too, not after a glance away', () => {
  socket.open(100);
  show('hidden');
  mock.timers.tick(5_000);
  show('visible');
  assert.deepEqual(socket.sent, []);
  show('hidden');
  mock.timers.tick(5_001);
  show('visible');
  assert.deepEqual(socket.sent, [{ type: 'ping' }]);
});

for (const [name, leave] of [
  ['goes', () => fire(page, 'pagehide', { persisted: false })],
  ['is hidden', () => show('hidden')],
] as const)
  test(`a page that ${name} confirms what it has seen without waiting`, () => {
    socket.open(0);
    for (const seq of [1, 2, 3]) socket.message(seq);
    assert.deepEqual(socket.sent, [{ type: 'ack', seq: 1, epoch: 'epoch' }]);
    leave();
    assert.deepEqual(socket.sent[1], { type: 'ack', seq: 3, epoch: 'epoch' });
    assert.equal(client.state.name, 'online');
  });

test('a hidden page, whose timers sleep, confirms each message at once', () => {
  socket.open(0);
  show('hidden');
  for (const seq of [1, 2]) socket.message(seq);
  assert.deepEqual(socket.sent, [
    { type: 'ack', seq: 1, epoch: 'epoch' },
    { type: 'ack', seq: 2, epoch: 'epoch' },
  ]);
});

test('into the back/forward cache and out again: the socket is given up and reopened', async () => {
  socket.open(8);
  fire(page, 'pagehide', { persisted: true });
  assert.equal(socket.closedWith, 1000);
  assert.equal(client.state.name, 'waiting');
  mock.timers.tick(600_000);
  fire(page, 'pageshow', { persisted: true });
  const second = await nextSocket();
  assert.deepEqual(second.open(8).resume, { epoch: 'epoch', seq: 8 });
});

test('after close the page is not followed any more', async () => {
  socket.open(9);
  client.close();
  fire(page, 'online');
  fire(page, 'pageshow', { persisted: true });
  await settled();
  assert.equal(client.state.name, 'closed');
});
