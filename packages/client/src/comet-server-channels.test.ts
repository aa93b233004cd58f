import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import type { ClientFrame } from '@encke/protocol';
import { comet, nextMessage, startAt } from './comet-server.fixture.ts';
import type { CometMessage } from './comet-server.ts';
import { type ScriptedGateway, startGateway, type Visit } from './gateway.fixture.ts';
import { until } from './tabs/web-locks.fixture.ts';

let gateway: ScriptedGateway;

beforeEach(async () => {
  gateway = await startGateway();
});

afterEach(async () => {
  comet.stop();
  comet.unsubscriptionAll();
  await gateway.stop();
  mock.restoreAll();
});

const start = () => startAt(gateway, gateway.url);

/** The frames that a client sends, until one of this type. */
async function sent<T extends ClientFrame['type']>(
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
  assert.deepEqual(await sent(visit, 'subscribe'), { type: 'subscribe', channel: 'web_chat' });
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
  await sent(visit, 'subscribe');
  comet.unsubscription(first);
  comet.restart();
  const again = await gateway.visit();
  await again.welcome();
  assert.equal((await sent(again, 'subscribe')).channel, 'news');
  comet.unsubscription(second);
  assert.deepEqual(await sent(again, 'unsubscribe'), { type: 'unsubscribe', channel: 'news' });
});

test('a refused channel: told as an error of the old server, unless it is private_ and nobody is signed in', async () => {
  const reported = mock.method(console, 'error', () => {});
  const errors = told('#sys');
  comet.subscription('private_a', () => {});
  comet.subscription('news', () => {});
  const refuse = (visit: Visit, channel: string) =>
    visit.send({ type: 'refused', channel, code: 'not-allowed', message: 'no' });
  comet.start({ node: gateway.url });
  const visit = await gateway.visit();
  await visit.refuse();
  refuse(visit, 'private_a');
  refuse(visit, 'news');
  const error = (channel: string) => ({ code: '403', error: `${channel}: no` });
  await until(() =>
    assert.deepEqual(
      errors.map(({ data }) => data),
      [error('news')],
    ),
  );
  visit.send({ type: 'ready', authorized: true, session: 'n.2', resumed: false });
  refuse(visit, 'private_a');
  await until(() => assert.deepEqual(errors[1]?.data, error('private_a')));
  assert.equal(errors[1]?.server_info.event, 'error');
  assert.equal(reported.mock.callCount(), 0);
});

test('who joins and leaves a track_ channel, and presence', async () => {
  const visit = await start();
  const room = told('track_room');
  const status = told('user_status_103');
  await sent(visit, 'subscribe');
  await sent(visit, 'subscribe');
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
  const first = await sent(visit, 'publish');
  assert.deepEqual(
    { ...first, ref: '' },
    { type: 'publish', ref: '', channel: 'web_chat', event: 'ev', data: { n: 1 }, hidden: true },
  );
  visit.send({ type: 'published', ref: first.ref, subscribers: 2, id: 'p1' });
  comet.web_pipe_send('web_chat', 'hello');
  const second = await sent(visit, 'publish');
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

test('a channel whose name begins with _ is one like others; answers are of the longest names too', async () => {
  const visit = await start();
  const name = `web_${'n'.repeat(60)}`;
  const answers = told(`_answer_to_${name}`);
  const named = told('_answer_to_ab.answer');
  told('_news');
  assert.deepEqual(await sent(visit, 'subscribe'), { type: 'subscribe', channel: '_news' });
  comet.web_pipe_send(name, 'hello');
  const { type, ref } = (await visit.next()) as { type: string; ref: string };
  assert.equal(type, 'publish');
  visit.send({ type: 'published', ref, subscribers: 1, id: 'p1' });
  await until(() => assert.deepEqual(answers[0]?.data, { message: 'hello', number_messages: 1 }));
  assert.deepEqual(named, []);
});

test('get_pipe_log: to the callback and to the subscriptions, marked as history', async () => {
  const visit = await start();
  const heard = told('#web_hist');
  const given = new Promise<CometMessage>((resolve) => comet.get_pipe_log('web_hist', resolve));
  const { ref } = await sent(visit, 'history');
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
  visit.send({ type: 'count', ref: (await sent(visit, 'count')).ref, subscribers: 2 });
  const { data, server_info } = await count;
  assert.deepEqual(data, { user_in_pipe: 2 });
  assert.deepEqual([server_info.pipe, server_info.event], ['_answer_pipe_count', 'user_in_pipe']);
  assert.ok(server_info.marker);
  const users = asked((callback) => comet.getTrackPipeUsers('track_room', callback));
  const members = [{ user: 301, device: 'd', session: 'n.1' }];
  visit.send({ type: 'members', ref: (await sent(visit, 'members')).ref, members });
  assert.deepEqual((await users).data, [{ user_id: 301, uuid: 'd' }]);
  for (const [stored, text] of [
    [{ n: 1 }, '{"n":1}'],
    ['text', 'text'],
    [null, ''],
  ] as const) {
    const person = asked((callback) => comet.getUserData('102', callback));
    visit.send({ type: 'user-data', ref: (await sent(visit, 'user-data')).ref, data: stored });
    assert.deepEqual((await person).data, { user_data: text, user_id: 102 });
  }
});
