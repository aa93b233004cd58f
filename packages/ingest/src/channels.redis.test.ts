/** What an application server sees of channels. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ChannelMessage, type Cluster, type Member, openCluster } from '@encke/cluster';
import {
  type App,
  type Channel,
  type Device,
  newNode,
  sessionId,
  type User,
} from '@encke/protocol';
import { eventually, type RedisServer, startRedis } from '@encke/testing';
import { startTestIngest, type TestIngest } from './ingest.fixture.ts';
import { openStream } from './stream.fixture.ts';

let redis: RedisServer;
let ingest: TestIngest;
let cluster: Cluster;
before(async () => {
  redis = await startRedis();
  ingest = await startTestIngest(redis.env);
  cluster = await openCluster(ingest.config);
});
after(async () => {
  await cluster?.close();
  await ingest?.stop();
  await redis?.stop();
});

/** A gateway without sockets, with subscribers to a channel of app 1. */
async function subscribe(channel: string, users: readonly number[]) {
  const heard: ChannelMessage[] = [];
  const nothing = (): void => {};
  const node = newNode();
  const { bus, subscriptions } = cluster.join(
    node,
    {
      ...{ message: nothing, evicted: nothing, close: nothing, revoked: nothing },
      ...{ up: nothing, down: nothing, lag: nothing, membership: nothing, presence: nothing },
      channel: (_target, message) => heard.push(message),
    },
    nothing,
  );
  bus.start();
  await eventually(() => assert.ok(bus.up(), 'not subscribed yet'));
  const joined = users.map(
    (user, i): Member => ({
      ...{ session: sessionId(node, i), user: user as User, device: 'phone' as Device },
      ...{ agent: 'browser "1"', ip: '::1', origin: 'https://a.example', language: 'de' },
    }),
  );
  await subscriptions.report({
    ...{ app: 1 as App, channel: channel as Channel, count: joined.length },
    ...{ joined, kept: [], left: [] },
  });
  return { bus, heard, joined };
}

const path = (channel: string) => `/v1/apps/1/channels/${channel}`;

test('[I9] publishing tells all subscribers, whoever they are, and says how many', async () => {
  const { bus, heard, joined } = await subscribe('news', [7, 0]);
  try {
    const { call } = ingest;
    const data = { text: "it's ä 😀" };
    const sent = await call('POST', `${path('news')}/messages`, { event: 'e', data });
    assert.deepEqual([sent.status, sent.body], [202, { subscribers: 2 }]);
    assert.deepEqual((await call('POST', `${path('news')}/messages`, { data: null })).body, {
      subscribers: 2,
    });
    await eventually(() => assert.equal(heard.length, 2));
    assert.deepEqual(
      heard.map(({ event, data, user }) => [event, JSON.parse(data), user]),
      [
        ['e', data, undefined],
        ['', null, undefined],
      ],
    );
    assert.deepEqual((await call('GET', path('news'))).body, { subscribers: 2, history: 0 });
    const { subscribers } = (await call('GET', `${path('news')}/subscribers`)).body as {
      subscribers: Member[];
    };
    assert.deepEqual(
      subscribers.sort((a, b) => b.user - a.user),
      joined,
    );
    assert.deepEqual((await call('GET', '/v1/apps/2/channels/news')).body, {
      subscribers: 0,
      history: 0,
    });
    assert.ok((await ingest.metric('encke_messages_published_total')) >= 2);
    assert.ok((await ingest.metric('encke_messages_published_told_total')) >= 4);
  } finally {
    bus.stop();
  }
});

test('a channel keeps the newest messages, as many as it was told', async () => {
  const { call } = ingest;
  const messages = `${path('log')}/messages`;
  assert.deepEqual((await call('POST', messages, { data: 'not kept' })).body, { subscribers: 0 });
  const set = await call('PUT', `${path('log')}/settings`, { history: 2 });
  assert.deepEqual([set.status, set.body], [204, undefined]);
  for (const data of ['a', { b: 1 }, 'c']) await call('POST', messages, { event: 'e', data });
  const from = { session: sessionId(newNode(), 1), user: 7 as User };
  const [app, channel] = [1 as App, 'log' as Channel];
  await cluster.channels.publish({ app, channel, event: '', data: '"d"', from });
  const kept = (await call('GET', messages)).body as { messages: Record<string, unknown>[] };
  assert.deepEqual(
    kept.messages.map(({ id, time, ...shown }) => {
      assert.match(String(id), /^[a-z0-9]+-\d+$/);
      assert.ok(Math.abs(Number(time) - Date.now()) < 60_000);
      return shown;
    }),
    [
      { seq: 3, event: 'e', data: 'c' },
      { seq: 4, event: '', data: 'd', user: 7 },
    ],
  );
  assert.deepEqual((await call('GET', path('log'))).body, { subscribers: 0, history: 2 });
  assert.deepEqual((await call('DELETE', messages)).body, { deleted: 2 });
  assert.deepEqual((await call('DELETE', messages)).body, { deleted: 0 });
  assert.deepEqual((await call('GET', messages)).body, { messages: [] });
});

test('a stream carries messages to users and to channels, in any mixture', async () => {
  const { bus, heard } = await subscribe('mixed', [7]);
  const stream = await openStream(ingest.streamUrl());
  try {
    const lines = Array.from({ length: 100 }, (_, i) =>
      i % 2 === 0
        ? { ref: i, channel: 'mixed', event: 'e', data: i }
        : { ref: i, user: 7, event: 'e', data: i },
    );
    stream.send(lines);
    await eventually(() => assert.equal(stream.answers.length, 100));
    for (const answer of stream.answers) {
      if (Number(answer.ref) % 2 === 0)
        assert.deepEqual(answer, { ref: answer.ref, subscribers: 1 });
      else assert.equal(answer.queued, true);
    }
    await eventually(() => assert.equal(heard.length, 50));
    assert.deepEqual(
      heard.map(({ data }) => Number(data)),
      lines.filter((line) => 'channel' in line).map(({ data }) => data),
    );
  } finally {
    stream.socket.terminate();
    bus.stop();
  }
});

const nameRule = '`channel` must be 3 to 64 characters of A-Z a-z 0-9 _ -';
const messagesRule = '`channel` must not be msg: no browser can subscribe to it';
const historyRule = '`history` must be a whole number from 0 to 99';
const refusals: readonly (readonly [
  what: string,
  method: string,
  path: string,
  body: unknown,
  status: number,
  field: string,
  detail: string,
])[] = [
  ['a short name', 'GET', path('ab'), undefined, 400, 'channel', nameRule],
  ['a long name', 'GET', path('x'.repeat(65)), undefined, 400, 'channel', nameRule],
  ['a strange name', 'GET', `${path('a%20b')}/messages`, undefined, 400, 'channel', nameRule],
  [
    ...(['the channel msg', 'POST', `${path('msg')}/messages`, { data: 1 }] as const),
    ...([400, 'channel', messagesRule] as const),
  ],
  [
    ...(['no data', 'POST', `${path('news')}/messages`, {}] as const),
    ...([400, 'data', '`data` is required'] as const),
  ],
  [
    ...(['a bad event', 'POST', `${path('news')}/messages`, { event: 'a b', data: 1 }] as const),
    ...([400, 'event', '`event` may contain only A-Z a-z 0-9 _ -'] as const),
  ],
  [
    ...(['a ttl', 'POST', `${path('news')}/messages`, { data: 1, ttl: 5 }] as const),
    ...([400, 'ttl', '`ttl` is not a field of this call'] as const),
  ],
  [
    ...(['too much', 'POST', `${path('news')}/messages`, { data: 'x'.repeat(65_537) }] as const),
    ...([413, 'data', '`data` must be at most 65536 bytes'] as const),
  ],
  ...[100, -1, 1.5, '5', undefined].map(
    (history) =>
      [
        ...([`a history of ${history}`, 'PUT', `${path('news')}/settings`, { history }] as const),
        ...([400, 'history', historyRule] as const),
      ] as const,
  ),
  [
    ...(['a setting', 'PUT', `${path('news')}/settings`, { history: 1, x: 1 }] as const),
    ...([400, 'x', '`x` is not a field of this call'] as const),
  ],
];
for (const [what, method, url, body, status, field, detail] of refusals)
  test(`refused with ${status}: ${what}`, async () => {
    const answer = await ingest.call(method, url, body);
    const problem = answer.body as { field: string; detail: string };
    assert.deepEqual([answer.status, problem.field, problem.detail], [status, field, detail]);
  });

test('the status of the installation', async () => {
  const node = newNode();
  const nothing = (): void => {};
  const quiet = { message: nothing, evicted: nothing, close: nothing, revoked: nothing };
  const handlers = { ...quiet, up: nothing, down: nothing, lag: nothing };
  const load = { sessions: 2, connections: 3, unconfirmed: 1 };
  const { heartbeat } = cluster.join(node, handlers, nothing, () => load);
  await heartbeat.start();
  try {
    const { status, body } = await ingest.call('GET', '/v1/status');
    assert.equal(status, 200);
    const { redisMilliseconds, messages, uptime, gateways, ...shown } = body as Record<
      string,
      unknown
    >;
    assert.deepEqual(shown, { usersOnline: 0, ...load });
    assert.ok(Number(uptime) >= 0 && Number(uptime) < 60);
    assert.ok(Number(redisMilliseconds) >= 0);
    assert.ok(Number(messages) >= 0);
    const [{ since, ...gateway } = assert.fail()] = gateways as Record<string, unknown>[];
    assert.deepEqual(gateway, { node, ...load });
    assert.ok(Math.abs(Number(since) - Date.now() / 1000) < 60);
    const refused = await ingest.call('GET', '/v1/status', undefined, { authorization: '' });
    assert.equal(refused.status, 401);
  } finally {
    await heartbeat.stop(true);
  }
});
