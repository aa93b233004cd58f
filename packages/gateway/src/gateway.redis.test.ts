import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { type Cluster, openCluster } from '@encke/cluster';
import {
  type App,
  closeCodes,
  type Device,
  limits,
  type Node,
  sessionId,
  type User,
} from '@encke/protocol';
import { createLog } from '@encke/service';
import {
  eventually,
  inSeconds,
  LegacyDevice,
  type RedisServer,
  signToken,
  startRedis,
  V1Device,
  within,
} from '@encke/testing';
import { startTestGateway, type TestGateway } from './gateway.fixture.ts';

const app = 1 as App;
const INBOX = 100;
let redis: RedisServer;
let gateway: TestGateway;
let cluster: Cluster;
before(async () => {
  redis = await startRedis();
  gateway = await startTestGateway({ ...redis.env, ENCKE_INBOX_MAX: String(INBOX) });
  cluster = await openCluster(gateway.config);
  await eventually(() => assert.equal(gateway.running.unready(), undefined));
});
after(async () => {
  redis?.resume();
  await gateway?.stop();
  await cluster?.close();
  await redis?.stop();
});

let users = 0;
async function newUser(): Promise<User> {
  users += 1;
  const user = users as User;
  await cluster.setHash(app, user, 'key');
  return user;
}

const connect = (user: User, device = 'phone', address = gateway.address) =>
  V1Device.connect(address, { app, user, key: 'key', device });
const send = (user: User, text: string) =>
  cluster.append({ app, user, event: 'e', data: JSON.stringify(text) });
const dataOf = (device: V1Device) => device.messages.map(({ data }) => data);

test('[L4] serverInfo is the first frame, also when the page speaks before it is let in', async () => {
  const user = await newUser();
  redis.pause();
  const page = new LegacyDevice(gateway.address, { user, key: 'key' });
  const opened = new Promise((resolve) => page.socket.on('open', resolve));
  await within(opened, 'open');
  page.send('user_status\n7');
  page.send(`subscription\n${'x'.repeat(65)}`);
  // The gateway has read both when it answers a ping that came behind them.
  const answered = new Promise((resolve) => page.socket.on('pong', resolve));
  page.socket.ping();
  await within(answered, 'pong');
  redis.resume();
  await within(page.ready, 'serverInfo');
  await page.until('answers', () => (page.frames.length >= 3 ? true : undefined));
  const [first, ...answers] = page.frames.map(({ event }) => event);
  assert.equal(first, 'serverInfo');
  assert.deepEqual(answers.sort(), ['error', 'user_status_7']);
  await page.drop();
});

test('a message that is accepted while a device attaches reaches it once', async () => {
  const user = await newUser();
  await send(user, 'before');
  const device = new V1Device(gateway.address, { app, user, key: 'key', device: 'phone' });
  const sending = Promise.all(Array.from({ length: 50 }, (_, i) => send(user, `m${i}`)));
  await within(device.ready, 'ready');
  await sending;
  await device.message(51);
  assert.deepEqual(dataOf(device), ['before', ...Array.from({ length: 50 }, (_, i) => `m${i}`)]);
  await device.drop();
});

test('a device that leaves before it was let in leaves no session behind', async () => {
  const user = await newUser();
  redis.pause();
  const device = new V1Device(gateway.address, { app, user, key: 'key' });
  await within(new Promise((resolve) => device.socket.on('open', resolve)), 'open');
  const answered = new Promise((resolve) => device.socket.on('pong', resolve));
  device.socket.ping();
  await within(answered, 'pong');
  const open = await gateway.metric('encke_connections');
  const online = await gateway.metric('encke_users_online_total');
  await device.drop();
  await eventually(async () => assert.equal(await gateway.metric('encke_connections'), open - 1));
  redis.resume();
  await eventually(async () => {
    assert.equal(await gateway.metric('encke_attaches_total', 'outcome="left"'), 1);
    assert.deepEqual((await cluster.user(app, user)).sessions, []);
  });
  // Who goes offline came online before.
  assert.equal(await gateway.metric('encke_users_online_total'), online + 1);
});

test('a device that leaves while the keys for its token are away is counted', async (t) => {
  const provider = createServer(() => {}).listen(0, '127.0.0.1');
  await once(provider, 'listening');
  const url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/`;
  const other = await startTestGateway({ ...redis.env, ENCKE_JWT_JWKS_URL: url });
  t.after(async () => {
    await other.stop();
    provider.closeAllConnections();
    provider.close();
  });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const token = { user_id: 7, exp: inSeconds(600) };
  const key = signToken(token, { alg: 'RS256', key: privateKey });
  const asked = once(provider, 'request');
  const device = new V1Device(other.address, { app, user: 7, key });
  await within(asked, 'the question for the keys');
  await device.drop();
  await eventually(async () =>
    assert.equal(await other.metric('encke_attaches_total', 'outcome="left"'), 1),
  );
});

test('a socket that is ended for a frame over the limit, or one that is not UTF-8, is counted', async () => {
  const large = await V1Device.connect(gateway.address);
  large.send('x'.repeat(limits.clientFrame + 1));
  assert.equal((await within(large.closed, 'closed')).code, closeCodes.tooBig.code);
  assert.equal(await gateway.metric('encke_closes_total', 'reason="tooBig"'), 1);
  const garbled = await LegacyDevice.connect(gateway.address);
  garbled.socket.send(Buffer.from([0xff]), { binary: false });
  assert.equal((await within(garbled.closed, 'closed')).code, closeCodes.notUtf8.code);
  assert.equal(await gateway.metric('encke_closes_total', 'reason="notUtf8"'), 1);
});

test('what expired, or was pushed out, is not counted as confirmed', async () => {
  const confirmed = () => gateway.metric('encke_messages_confirmed_total');
  const before = await confirmed();
  const user = await newUser();
  await Promise.all(
    [1, 2, 3].map(() => cluster.append({ app, user, event: '', data: '1', ttl: 0.01 })),
  );
  await eventually(async () => assert.equal((await cluster.user(app, user)).queued, 0));
  const device = await connect(user);
  await send(user, 'a');
  await device.message(1);
  await eventually(async () => assert.equal((await cluster.user(app, user)).queued, 0));
  await device.drop();
  await eventually(async () => assert.deepEqual((await cluster.user(app, user)).sessions, []));
  await Promise.all(Array.from({ length: INBOX + 5 }, (_, i) => send(user, `m${i}`)));
  const back = await connect(user);
  await back.message(INBOX);
  await eventually(async () => assert.equal((await cluster.user(app, user)).queued, 0));
  await eventually(async () => assert.ok((await confirmed()) - before >= 1 + INBOX));
  assert.equal((await confirmed()) - before, 1 + INBOX);
  await back.drop();
});

test('[D3] FLUSHALL: sessions register again, are told, and get what comes', async () => {
  const user = await newUser();
  const device = await connect(user);
  await send(user, 'a');
  await device.message(1);
  await redis.cli('FLUSHALL');
  await device.frame('missed');
  await eventually(async () => assert.equal((await cluster.user(app, user)).online, true));
  await send(user, 'b');
  await device.message(2);
  assert.deepEqual(dataOf(device), ['a', 'b']);
  await device.drop();
});

const lost = 'who left in the moment that Redis lost is not online for ever';
for (const types of [['pubsub'], ['pubsub', 'normal']])
  test(`[D3] ${lost}: connections ${types.join(' and ')}`, async () => {
    const user = await newUser();
    const staying = await newUser();
    const devices = [await connect(user), await connect(staying), await connect(staying, 'laptop')];
    const kept = await connect(staying, 'tablet');
    const find = async (key: string) =>
      (await redis.cli('KEYS', `${gateway.config.prefix}:*:${key}`)) as string[];
    const before = [
      ...(await find(`sessions:${app}:${user}`)),
      ...(await find(`sessions:${app}:${staying}`)),
      ...(await find(`node:${gateway.node}`)),
    ];
    for (const key of before) await redis.cli('COPY', key, `${key}:before`);
    for (const device of devices) await device.drop();
    await eventually(async () => {
      assert.deepEqual((await cluster.user(app, user)).sessions, []);
      assert.equal((await cluster.user(app, staying)).sessions.length, 1);
    });
    for (const key of before) await redis.cli('RENAME', `${key}:before`, key);
    assert.equal((await cluster.user(app, user)).sessions.length, 1);
    for (const type of types) await redis.cli('CLIENT', 'KILL', 'TYPE', type);
    await eventually(async () => {
      assert.deepEqual((await cluster.user(app, user)).sessions, []);
      assert.equal((await cluster.user(app, staying)).sessions.length, 1);
    });
    await send(staying, 'still here');
    await kept.message(1);
    await kept.drop();
  });

for (const skew of [3_600_000, -3_600_000]) {
  test(`[V16] [L21] when a user was online goes by the clock of Redis: ours is ${skew} ms ahead`, async (t) => {
    const user = await newUser();
    const asking = await V1Device.connect(gateway.address);
    const page = await LegacyDevice.connect(gateway.address);
    const device = await connect(user);
    const real = Date.now.bind(Date);
    t.mock.method(Date, 'now', () => real() + skew);
    asking.send(JSON.stringify({ type: 'user-status', ref: 1, user }));
    const { online, lastSeen } = await asking.frame('user-status');
    assert.equal(online, true);
    assert.ok(Math.abs(real() / 1000 - Number(lastSeen)) < 60, `last seen ${lastSeen}`);
    await device.drop();
    await eventually(async () => {
      page.send(`user_status\n${user}`);
      const ago = await page.until('the answer', () => {
        const { data } = page.frames.at(-1) ?? {};
        return (data as { last_online_time?: number })?.last_online_time;
      });
      assert.ok(ago > 0 && ago < 60, `${ago} s ago`);
    });
    await asking.drop();
    await page.drop();
  });
}

test('a reason to close that a newer release gives lets devices come back, and ends no gateway', async () => {
  const user = await newUser();
  const device = await connect(user);
  const bus = `${gateway.config.prefix}:{0}:bus:${gateway.node}`;
  await redis.cli('SPUBLISH', bus, `c ${app}:${user} newer`);
  assert.equal((await within(device.closed, 'closed')).code, 4003);
});

/** Redis loses the newest messages of a user, as in a failover or a restart from an older snapshot. */
async function forget(user: User, act: () => Promise<unknown>): Promise<void> {
  const find = (kind: string) =>
    redis.cli('KEYS', `${gateway.config.prefix}:*${kind}:${app}:${user}`);
  const keys = [...((await find('user')) as string[]), ...((await find('inbox')) as string[])];
  for (const key of keys) await redis.cli('COPY', key, `${key}:before`);
  await act();
  for (const key of keys) await redis.cli('RENAME', `${key}:before`, key);
  const sessions = (await find('sessions')) as string[];
  // The gateway's subscription breaks along with that; until it registers again nobody is told.
  await redis.cli('DEL', ...sessions);
}

test('[D6] a message is not lost because it took the number of one that Redis forgot', async () => {
  const user = await newUser();
  const device = await connect(user);
  await send(user, 'a');
  await device.message(1);
  await forget(user, async () => {
    await send(user, 'forgotten by Redis');
    await device.message(2);
  });
  await send(user, 'new');
  await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await eventually(() => assert.equal(dataOf(device).includes('new'), true));
  await device.drop();
});

test('[D3] a session that only Redis believes in is removed when its user is told something', async () => {
  const user = await newUser();
  await cluster.setHash(app, user, 'key');
  const nothing = () => {};
  const bus = { message: nothing, evicted: nothing, close: nothing, revoked: nothing };
  const handlers = { ...bus, up: nothing, down: nothing, lag: nothing };
  // An attach whose answer was lost.
  const { registry } = cluster.join(gateway.node as Node, handlers, nothing);
  const session = sessionId(gateway.node as Node, 1_000_000);
  await registry.attach({ app, user, session, device: 'ghost' as Device, key: 'key' });
  await eventually(async () => {
    await send(user, 'x');
    assert.equal((await cluster.user(app, user)).sessions.length, 0);
  });
});

test('the log: a full Redis, which lets nobody in, in one line for all who knock', async (t) => {
  const full = await startRedis();
  t.after(() => full.stop());
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line));
  const other = await startTestGateway(full.env, createLog('gateway', 'warn', { write }));
  t.after(() => other.stop());
  await eventually(() => assert.equal(other.running.unready(), undefined));
  const writer = await openCluster(other.config);
  t.after(() => writer.close());
  for (let user = 1; user <= 3; user += 1) await writer.setHash(app, user as User, 'secret');
  await full.cli('CONFIG', 'SET', 'maxmemory', '1');
  for (let user = 1; user <= 3; user += 1) {
    const { ready } = new V1Device(other.address, {
      ...{ app, user: user as User, key: 'secret', device: 'phone' },
    });
    await assert.rejects(ready);
  }
  assert.deepEqual(
    lines.map(({ msg, why, refused }) => ({ msg, why, refused })),
    [{ msg: 'devices are not let in', why: 'Redis is away: OOM', refused: 1 }],
  );
  assert.doesNotMatch(JSON.stringify(lines), /secret/);
});

test('the log: a bus that was lost and is back, and a Redis that has forgotten the node, in a line each', async (t) => {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line).msg);
  const other = await startTestGateway(redis.env, createLog('gateway', 'info', { write }));
  t.after(other.stop);
  await eventually(() => assert.equal(other.running.unready(), undefined));
  assert.deepEqual(lines, []);
  await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await eventually(() => assert.deepEqual(lines, ['bus lost', 'bus back']));
  await redis.cli('DEL', `${other.config.prefix}:{nodes}`);
  await eventually(() => assert.equal(lines[2], 'Redis had forgotten this node'));
  assert.equal(lines.length, 3);
});

test('a drain leaves no session, no node and no subscription behind', async () => {
  const other = await startTestGateway({ ...redis.env, ENCKE_REDIS_PREFIX: gateway.config.prefix });
  await eventually(() => assert.equal(other.running.unready(), undefined));
  const all = await Promise.all(
    Array.from({ length: 20 }, async () => connect(await newUser(), 'phone', other.address)),
  );
  await other.running.drain();
  for (const device of all) {
    assert.equal((await within(device.closed, 'closed')).code, 4000);
    assert.equal(device.frames.at(-1)?.type, 'going-away');
  }
  await other.running.stop();
  assert.equal(await redis.cli('ZSCORE', `${gateway.config.prefix}:{nodes}`, other.node), null);
  const index = await redis.cli('KEYS', `${gateway.config.prefix}:*node:${other.node}`);
  assert.deepEqual(index, []);
  assert.equal(String(await redis.cli('PUBSUB', 'SHARDCHANNELS')).includes(other.node), false);
});
