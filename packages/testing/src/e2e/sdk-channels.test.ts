import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type ChannelMessage,
  type ChannelMissed,
  type Client,
  type ClientOptions,
  createClient,
  type EnckeError,
  type Member,
  type UserStatus,
} from '@encke/client';
import { eventually } from '@encke/testing';
import { WebSocket } from 'ws';
import { openStage, type Person, type Stage } from './stage.ts';

const patience = { timeout: 60_000 };
let stage: Stage;
before(async () => {
  stage = await openStage({ worker: true });
});
after(() => stage?.close());

function connect(person?: Person, options: ClientOptions = {}): Client {
  const client = createClient({
    url: `ws://${stage.gateway()}`,
    app: 1,
    ...person,
    WebSocket: WebSocket as never,
    backoff: { base: 10, cap: 200 },
    ...options,
  });
  stage.later(() => client.close());
  return client;
}

async function subscribed(client: Client, name: string) {
  const channel = client.channel(name);
  const messages: ChannelMessage[] = [];
  const missed: ChannelMissed[] = [];
  channel.onMessage((message) => messages.push(message));
  channel.onMissed((what) => missed.push(what));
  await new Promise<void>((resolve) => channel.listen('subscribed', () => resolve()));
  return { channel, messages, missed };
}

const publish = (channel: string, data: unknown, event = 'e') =>
  stage.api.call('POST', `/channels/${channel}/messages`, { event, data });
const keep = (channel: string, history: number) =>
  stage.api.call('PUT', `/channels/${channel}/settings`, { history });
const datas = (messages: readonly ChannelMessage[]) => messages.map(({ data }) => data);

test('messages of application servers and of browsers, over two gateways, with how many were told', async () => {
  const person = await stage.person();
  const one = connect(person);
  const two = connect(undefined, { url: `ws://${stage.gateway(1)}` });
  const [a, b] = [await subscribed(one, 'web_room'), await subscribed(two, 'web_room')];
  assert.equal(await a.channel.publish('hi', { n: 1 }), 1);
  assert.equal(await a.channel.publish('hi', 'hidden', { hidden: true }), 1);
  await publish('web_room', 'from the server', '');
  await eventually(() => assert.equal(b.messages.length, 3), patience);
  assert.deepEqual(
    b.messages.map(({ event, data, user, history }) => [event, data, user, history]),
    [
      ['hi', { n: 1 }, person.user, false],
      ['hi', 'hidden', 0, false],
      ['', 'from the server', undefined, false],
    ],
  );
  await eventually(() => assert.deepEqual(datas(a.messages), ['from the server']), patience);
  assert.equal(await a.channel.count(), 2);
});

test('after a lost connection a channel with history goes on where it was; what is gone is told', async () => {
  await keep('news', 50);
  let away = false;
  let socket: WebSocket | undefined;
  class Flaky extends WebSocket {
    constructor(url: string, protocol: string) {
      super(away ? 'ws://127.0.0.1:1' : url, protocol);
      socket = this;
    }
  }
  const leave = () => {
    away = true;
    socket?.terminate();
  };
  const client = connect(undefined, { WebSocket: Flaky as never });
  const { channel, messages, missed } = await subscribed(client, 'news');
  const expected: number[] = [];
  const say = async (count: number) => {
    for (let i = 0; i < count; i += 1) {
      expected.push(expected.length);
      await publish('news', expected.length - 1);
    }
  };
  await say(5);
  await eventually(() => assert.deepEqual(datas(messages), expected), patience);
  leave();
  await say(40);
  away = false;
  await eventually(() => assert.deepEqual(datas(messages), expected), patience);
  assert.deepEqual(missed, []);
  assert.equal((await channel.history()).length, 45);
  leave();
  await say(60);
  away = false;
  await eventually(() => assert.equal(missed.length, 1), patience);
  await say(1);
  await eventually(() => assert.equal(messages.at(-1)?.data, expected.at(-1)), patience);
});

test('who is there, who comes and who goes', async () => {
  const [anna, ben] = await stage.people(2);
  assert.ok(anna && ben);
  const first = connect(anna);
  const { channel } = await subscribed(first, 'track_room');
  const told: [string, Member][] = [];
  channel.onJoined((member) => told.push(['joined', member]));
  channel.onLeft((member) => told.push(['left', member]));
  const second = connect(ben, { url: `ws://${stage.gateway(1)}`, device: 'bens-phone' });
  await subscribed(second, 'track_room');
  await eventually(() => assert.equal(told.length, 1), patience);
  assert.deepEqual(told[0]?.[0], 'joined');
  assert.deepEqual([told[0]?.[1].user, told[0]?.[1].device], [ben.user, 'bens-phone']);
  const members = await channel.members();
  assert.deepEqual(members.map(({ user }) => user).sort(), [anna.user, ben.user].sort());
  second.close();
  await eventually(
    () =>
      assert.deepEqual(
        told.map(([what]) => what),
        ['joined', 'left'],
      ),
    patience,
  );
});

test('presence: the state now, then each change; and what the application says of a user', async () => {
  const person = await stage.person();
  const watcher = connect();
  const seen: UserStatus[] = [];
  watcher.presence(person.user).on((status) => seen.push(status));
  await eventually(
    () =>
      assert.deepEqual(
        seen.map(({ online }) => online),
        [false],
      ),
    patience,
  );
  assert.equal(seen[0]?.lastSeen, null);
  const client = connect(person);
  await eventually(() => assert.equal(seen.length, 2), patience);
  assert.equal((await watcher.presence(person.user).get()).online, true);
  client.close();
  await eventually(
    () =>
      assert.deepEqual(
        seen.map(({ online }) => online),
        [false, true, false],
      ),
    patience,
  );
  assert.equal(await watcher.userData(person.user), null);
  await stage.api.call('PUT', `/users/${person.user}/data`, { data: { name: 'Anna' } });
  assert.deepEqual(await watcher.userData(person.user), { name: 'Anna' });
});

test('what is not allowed, aborted or closed is an error that says so', async () => {
  const client = connect();
  const code = async (promise: Promise<unknown>) =>
    promise.then(
      () => 'none',
      (error: EnckeError) => error.code,
    );
  assert.equal(await code(client.channel('news').publish('e', 1)), 'not-allowed');
  assert.equal(await code(client.channel('news').count()), 'not-allowed');
  const refused = new Promise<EnckeError>((resolve) =>
    client.channel('private_x').listen('refused', resolve),
  );
  assert.equal((await refused).code, 'not-allowed');
  const reason = new Error('changed my mind');
  await assert.rejects(
    client.channel('web_x').count({ signal: AbortSignal.abort(reason) }),
    reason,
  );
  const away = connect(undefined, { url: 'ws://127.0.0.1:1' });
  const controller = new AbortController();
  const waiting = away.channel('web_x').count(controller);
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  const open = away.userData(5);
  away.close();
  assert.equal(await code(open), 'closed');
  assert.throws(() => client.channel('a b'), /must be 3 to 64 characters/);
});
