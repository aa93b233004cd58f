import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import type { ClientFrame } from '@encke/protocol';
import { type CometMessage, CometServer } from './comet-server.ts';
import { type ScriptedGateway, startGateway, type Visit } from './gateway.fixture.ts';

let gateway: ScriptedGateway;
const comet = CometServer();
let answers: string[] = [];
comet.onAuthSuccess(() => answers.push('success'));
comet.onAuthFalill(() => answers.push('fail'));

beforeEach(async () => {
  gateway = await startGateway();
  answers = [];
});

afterEach(async () => {
  comet.stop();
  comet.unsubscriptionAll();
  comet.setLogLevel(0);
  await gateway.stop();
  mock.restoreAll();
});

const host = () => gateway.url.replace('ws://', '');

async function start(): Promise<Visit> {
  comet.start({ dev_id: '15', user_id: '7', user_key: 'key', node: host(), wss: false });
  const visit = await gateway.visit();
  await visit.welcome();
  return visit;
}

const nextMessage = (name = 'msg'): Promise<CometMessage> =>
  new Promise((resolve) => {
    const id = comet.subscription(name, (message) => {
      comet.unsubscription(id);
      resolve(message);
    });
  });

test('one face, with and without new', () => {
  assert.equal(CometServer(), comet);
  assert.equal(new CometServer(), comet);
});

test('start says who the user is, by the old names', async () => {
  comet.start({ dev_id: 15, user_id: '7', user_key: 'key', node: `${host()}/push`, wss: false });
  const visit = await gateway.visit();
  const hello = await visit.hello();
  assert.equal(visit.url, '/push/v1/ws');
  assert.deepEqual([hello.app, hello.user, hello.key], [15, 7, 'key']);
  assert.equal(hello.device, comet.getUUID());
  assert.match(comet.getUUID(), /^[A-Za-z0-9_-]{32}$/);
  assert.deepEqual([comet.getDevId(), comet.getUserId(), comet.getUserKey()], [15, '7', 'key']);
});

test('isAuthorized has three answers', async () => {
  assert.equal(comet.isAuthorized(), undefined);
  comet.start({ dev_id: 15, user_id: 7, user_key: 'bad', node: host(), wss: false });
  assert.equal(comet.isAuthorized(), undefined);
  const refused = new Promise<void>((resolve) => comet.onAuthFalill(() => resolve()));
  await (await gateway.visit()).refuse();
  await refused;
  assert.equal(comet.isAuthorized(), false);
  comet.restart({ user_key: 'good' });
  assert.equal(comet.isAuthorized(), undefined);
  const accepted = new Promise<void>((resolve) => comet.onAuthSuccess(() => resolve()));
  const visit = await gateway.visit();
  assert.equal((await visit.welcome()).key, 'good');
  await accepted;
  assert.equal(comet.isAuthorized(), true);
  assert.deepEqual(answers, ['fail', 'success']);
});

test('the answer is told once per change, and at once to whoever asks later', async () => {
  const visit = await start();
  const coming = nextMessage();
  visit.message(1);
  await coming;
  visit.send({ type: 'ready', authorized: true, session: 'n.2', resumed: false });
  const second = nextMessage();
  visit.message(2);
  await second;
  assert.deepEqual(answers, ['success']);
  const late: boolean[] = [];
  comet.onAuthSuccess((authorized) => late.push(authorized));
  comet.onAuthFalill((authorized) => late.push(authorized));
  assert.deepEqual(late, [true]);
});

test('subscriptions: all of msg, one event, everything; until they are removed', async () => {
  const seen: string[] = [];
  const all = comet.subscription('msg', (m) => seen.push(`msg ${m.server_info.event}`));
  const named = comet.subscription('msg.ev', (m) => seen.push(`msg.ev ${m.server_info.event}`));
  comet.subscription((m) => seen.push(`any ${m.server_info.event}`));
  assert.equal(new Set([all, named]).size, 2);
  const visit = await start();
  const ask = async (seq: number, event: string) => {
    const coming = nextMessage();
    visit.message(seq, 'x', event);
    await coming;
  };
  await ask(1, 'ev');
  await ask(2, 'other');
  assert.deepEqual(seen.splice(0), ['msg ev', 'msg.ev ev', 'any ev', 'msg other', 'any other']);
  assert.equal(comet.unsubscription(all), true);
  assert.equal(comet.unsubscription(all), false);
  await ask(3, 'ev');
  assert.deepEqual(seen.splice(0), ['msg.ev ev', 'any ev']);
  comet.unsubscriptionAll();
  await ask(4, 'ev');
  assert.deepEqual(seen, []);
});

for (const name of ['', '#', 'a', 'a b', 'msg.a.b', '.ev'])
  test(`a subscription to "${name}" is refused with the rule`, () =>
    assert.throws(() => comet.subscription(name, () => {}), /must be 2 to 64 characters/));

/** The frames that a client sends, until one of this type. */
async function until<T extends ClientFrame['type']>(
  visit: Visit,
  type: T,
): Promise<ClientFrame & { readonly type: T }> {
  for (;;) {
    const frame = await visit.next();
    if (frame.type === type) return frame as ClientFrame & { readonly type: T };
  }
}

const channelMessage = (channel: string, id: string, data: unknown, event = '') =>
  ({ type: 'channel', channel, id, event, data, time: 1 }) as const;

const told = (name?: string) => {
  const messages: CometMessage[] = [];
  const callback = (message: CometMessage) => messages.push(message);
  if (name === undefined) comet.subscription(callback);
  else comet.subscription(name, callback);
  return messages;
};

test('channels: subscribed by name, filtered by event, heard without subscribing by #', async () => {
  const visit = await start();
  const all = told('web_chat');
  const some = told('web_chat.greeting');
  const local = told('#web_chat');
  const everything = told();
  const other = told('#news');
  assert.deepEqual(await until(visit, 'subscribe'), { type: 'subscribe', channel: 'web_chat' });
  visit.send({ type: 'subscribed', channel: 'web_chat', recovered: false });
  visit.send({ ...channelMessage('web_chat', 'a1', '{"n":1}', 'greeting'), user: 101 });
  visit.send(channelMessage('web_chat', 'a2', 'plain'));
  const coming = nextMessage();
  visit.message(1);
  await coming;
  assert.deepEqual(
    [all, some, local, everything, other].map((messages) => messages.length),
    [2, 1, 2, 3, 0],
  );
  assert.deepEqual(all[0], {
    data: { n: 1 },
    server_info: {
      pipe: 'web_chat',
      event: 'greeting',
      user_id: 101,
      history: false,
      marker: undefined,
      uuid: 'a1',
    },
  });
});

test('the last subscription of a channel ends it; a restart subscribes again', async () => {
  const visit = await start();
  const first = comet.subscription('news', () => {});
  const second = comet.subscription('news.ev', () => {});
  await until(visit, 'subscribe');
  comet.unsubscription(first);
  comet.restart();
  const again = await gateway.visit();
  await again.welcome();
  assert.equal((await until(again, 'subscribe')).channel, 'news');
  comet.unsubscription(second);
  assert.deepEqual(await until(again, 'unsubscribe'), { type: 'unsubscribe', channel: 'news' });
});

test('who joins and leaves a track_ channel, and presence', async () => {
  const visit = await start();
  const room = told('track_room');
  const status = told('user_status_103');
  await until(visit, 'subscribe');
  await until(visit, 'subscribe');
  const person = { user: 302, device: 'phone', session: 'n.1' };
  visit.send({ type: 'joined', channel: 'track_room', ...person });
  visit.send({ type: 'left', channel: 'track_room', ...person });
  visit.send({ type: 'presence', user: 103, online: true, time: 1 });
  visit.send({ type: 'presence', user: 103, online: false, time: 2 });
  const coming = nextMessage();
  visit.message(1);
  await coming;
  const data = { user_id: 302, uuid: 'phone' };
  assert.deepEqual(
    room.map((m) => [m.server_info.event, m.data]),
    [
      ['subscription', data],
      ['unsubscription', data],
    ],
  );
  assert.deepEqual(
    status.map((m) => [m.server_info.pipe, m.server_info.event, m.data]),
    [
      ['user_status_103', 'online', 'online'],
      ['user_status_103', 'offline', 'offline'],
    ],
  );
});

test('web_pipe_send: with and without event, hidden by @, answered, also when called before start', async () => {
  const answers = told('_answer_to_web_chat');
  comet.web_pipe_send('@web_chat', 'ev', { n: 1 });
  const visit = await start();
  const first = await until(visit, 'publish');
  assert.deepEqual(
    { ...first, ref: '' },
    { type: 'publish', ref: '', channel: 'web_chat', event: 'ev', data: { n: 1 }, hidden: true },
  );
  visit.send({ type: 'published', ref: first.ref, subscribers: 2, id: 'p1' });
  comet.web_pipe_send('web_chat', 'hello');
  const second = await until(visit, 'publish');
  assert.deepEqual(
    { ...second, ref: '' },
    { type: 'publish', ref: '', channel: 'web_chat', event: '', data: 'hello' },
  );
  const errors = told('#sys');
  visit.send({ type: 'refused', ref: second.ref, code: 'not-allowed', message: 'no' });
  const coming = nextMessage();
  visit.message(1);
  await coming;
  await new Promise(setImmediate);
  assert.deepEqual(
    answers.map((m) => m.data),
    [{ message: { n: 1 }, number_messages: 2 }],
  );
  assert.deepEqual(
    errors.map((m) => m.data),
    [{ error: 'no', number_messages: -1 }],
  );
});

test('get_pipe_log: to the callback and to the subscriptions, marked as history', async () => {
  const visit = await start();
  const heard = told('#web_hist');
  const given = new Promise<CometMessage>((resolve) => comet.get_pipe_log('web_hist', resolve));
  const { ref } = await until(visit, 'history');
  visit.send({
    type: 'history',
    ref,
    messages: [{ id: 'h1', event: 'e1', data: '[1]', time: 1, user: 5 }],
  });
  const message = await given;
  assert.deepEqual(message, {
    data: [1],
    server_info: {
      pipe: 'web_hist',
      event: 'e1',
      user_id: 5,
      history: true,
      marker: undefined,
      uuid: 'h1',
    },
  });
  assert.deepEqual(heard, [message]);
});

test('count, members and user data come to their callbacks as the old server told them', async () => {
  const visit = await start();
  const asked = <T>(ask: (callback: (message: CometMessage) => void) => T) =>
    new Promise<CometMessage>((resolve) => ask(resolve));
  const count = asked((callback) => comet.count_users_in_pipe('web_chat', callback));
  visit.send({ type: 'count', ref: (await until(visit, 'count')).ref, subscribers: 2 });
  const { data, server_info } = await count;
  assert.deepEqual(data, { user_in_pipe: 2 });
  assert.deepEqual([server_info.pipe, server_info.event], ['_answer_pipe_count', 'user_in_pipe']);
  assert.ok(server_info.marker);
  const users = asked((callback) => comet.getTrackPipeUsers('track_room', callback));
  const members = [{ user: 301, device: 'd', session: 'n.1' }];
  visit.send({ type: 'members', ref: (await until(visit, 'members')).ref, members });
  assert.deepEqual((await users).data, [{ user_id: 301, uuid: 'd' }]);
  for (const [stored, text] of [
    [{ n: 1 }, '{"n":1}'],
    ['text', 'text'],
    [null, ''],
  ] as const) {
    const person = asked((callback) => comet.getUserData('102', callback));
    visit.send({ type: 'user-data', ref: (await until(visit, 'user-data')).ref, data: stored });
    assert.deepEqual((await person).data, { user_data: text, user_id: 102 });
  }
});

test('alone, a page is the master; its own id differs from the browser’s', async () => {
  assert.equal(comet.isMaster(), false);
  await start();
  assert.equal(comet.isMaster(), true);
  assert.match(comet.getTabUUID(), /^[A-Za-z0-9_-]{32}$/);
  assert.notEqual(comet.getTabUUID(), comet.getUUID());
  comet.UseWss(false);
});

test('a subscription without a callback is refused', () => {
  assert.throws(() => comet.subscription('msg', undefined as never), /must be a function/);
});

for (const [sent, data] of [
  ['hello', 'hello'],
  ['{"a":1}', { a: 1 }],
  ['[1,2]', [1, 2]],
  ['17', 17],
  ['true', true],
  ['{broken', '{broken'],
  ['', ''],
  [{ a: 1 }, { a: 1 }],
  [null, null],
  [5, 5],
] as const)
  test(`data ${JSON.stringify(sent)} arrives as ${JSON.stringify(data)}`, async () => {
    const visit = await start();
    const coming = nextMessage();
    visit.message(1, sent, 'ev');
    const message = await coming;
    assert.deepEqual(message.data, data);
    assert.deepEqual(message.server_info, {
      pipe: 'msg',
      event: 'ev',
      history: false,
      marker: undefined,
      uuid: 'abcdefghij-1',
    });
  });

test('stop ends the connection; subscriptions last until the next start', async () => {
  const visit = await start();
  const coming = nextMessage();
  const ended = visit.ended;
  comet.stop();
  assert.equal(await ended, 1000);
  assert.equal(comet.isAuthorized(), undefined);
  comet.start();
  const again = await gateway.visit();
  assert.equal((await again.welcome()).user, 7);
  again.message(1);
  assert.equal((await coming).data, 'm1');
});

test('a second start without options changes nothing', async () => {
  await start();
  comet.start();
  await new Promise(setImmediate);
  assert.equal(gateway.waiting, 0);
});

test('nodes are tried in turn', async () => {
  const gone = await startGateway();
  await gone.stop();
  comet.start({ nodes: [gone.url.replace('ws://', ''), host()] });
  await (await gateway.visit()).hello();
  comet.restart({ nodes: [] });
});

test('a callback that throws does not stop the next one', async () => {
  mock.method(console, 'error', () => {});
  const visit = await start();
  comet.subscription(() => {
    throw new Error('bug in the page');
  });
  const coming = nextMessage();
  visit.message(1);
  await coming;
});

test('the log levels: 0 silent, 1 the connection, 2 also messages', async () => {
  const logged = mock.method(console, 'info', () => {});
  await start();
  assert.equal(logged.mock.callCount(), 0);
  comet.setLogLevel(2);
  const visit = await start();
  const coming = nextMessage();
  visit.message(1, 'secret', 'ev');
  await coming;
  const lines = logged.mock.calls.map((call) => call.arguments.join(' '));
  assert.ok(lines.some((line) => line.includes('is online')));
  assert.ok(lines.some((line) => line.includes('message abcdefghij-1 ev')));
  assert.ok(!lines.join().includes('secret'));
});
