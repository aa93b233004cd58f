import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Cluster, openCluster } from '@encke/cluster';
import type { App, Channel, newNode, Session } from '@encke/protocol';
import {
  eventually,
  LegacyDevice,
  type RedisServer,
  randomUuid,
  startRedis,
  V1Device,
} from '@encke/testing';
import { startTestGateway, type TestGateway } from './gateway.fixture.ts';

const app = 1 as App;
let redis: RedisServer;
let gateways: TestGateway[];
let cluster: Cluster;
before(async () => {
  redis = await startRedis();
  const first = await startTestGateway({ ...redis.env, ENCKE_TRUSTED_PROXIES: '1' });
  const env = { ...redis.env, ENCKE_REDIS_PREFIX: first.config.prefix };
  gateways = [first, await startTestGateway(env)];
  cluster = await openCluster(first.config);
  for (const { running } of gateways)
    await eventually(() => assert.equal(running.unready(), undefined));
});
after(async () => {
  redis?.resume();
  for (const gateway of gateways ?? []) await gateway.stop();
  await cluster?.close();
  await redis?.stop();
});

interface Page {
  readonly device: LegacyDevice;
  readonly uuid: string;
  readonly wants: Set<Channel>;
}

async function open(gateway: number): Promise<Page> {
  const uuid = randomUuid();
  const address = gateways[gateway]?.address ?? '';
  return { device: await LegacyDevice.connect(address, { uuid }), uuid, wants: new Set() };
}

const say = ({ device, wants }: Page) => device.send(['subscription', ...wants].join('\n'));

/** Redis knows exactly the sockets that are subscribed. */
const exact = (channel: Channel, pages: readonly Page[]) =>
  eventually(
    async () => {
      const wanted = pages.filter(({ wants }) => wants.has(channel)).map(({ uuid }) => uuid);
      const members = await cluster.channels.members(app, channel);
      assert.deepEqual(members.map(({ device }) => String(device)).sort(), wanted.sort());
      assert.equal(await cluster.channels.count(app, channel), wanted.length);
    },
    { timeout: 60_000 },
  );

/** Mulberry32. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % sides;
  };
}

const channels = ['track_a', 'web_b', 'news', 'ab'] as Channel[];

test('[N11] who unsubscribed in the moment that Redis lost is counted no more when the bus is back', async () => {
  const channel = 'track_lost' as Channel;
  const prefix = gateways[0]?.config.prefix;
  const page = await open(0);
  page.wants.add(channel);
  say(page);
  await exact(channel, [page]);
  const found = (await redis.cli('KEYS', `${prefix}:*`)) as string[];
  const before = found.filter((key) => /:(route|members):1:track_lost$|:channels:/.test(key));
  assert.equal(before.length, 3);
  for (const key of before) await redis.cli('COPY', key, `${key}:before`);
  await page.device.drop();
  page.wants.delete(channel);
  await exact(channel, [page]);
  for (const key of before) await redis.cli('RENAME', `${key}:before`, key);
  assert.equal(await cluster.channels.count(app, channel), 1);
  await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await exact(channel, [page]);
});

test('[N3] [N11] whatever sockets and Redis do, in the end Redis knows exactly who is subscribed', async (t) => {
  const seed = Number(process.env.ENCKE_FUZZ_SEED ?? Date.now() % 1e9);
  t.diagnostic(`seed ${seed}`);
  const roll = dice(seed);
  const pages = await Promise.all(Array.from({ length: 16 }, (_, i) => open(i % 2)));
  t.after(() => pages.map(({ device }) => device.drop()));
  const disturb = [
    () => redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub'),
    () => redis.cli('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'),
    () => redis.cli('FLUSHALL'),
    () => {
      redis.pause();
      setTimeout(() => redis.resume(), roll(3_000)).unref();
    },
  ];
  for (let step = 0; step < 300; step += 1) {
    const i = roll(pages.length);
    const page = pages[i] as Page;
    const channel = channels[roll(channels.length)] as Channel;
    if (roll(20) === 0) {
      await page.device.drop();
      pages[i] = await open(roll(2)).catch(() => page);
    } else {
      if (!page.wants.delete(channel)) page.wants.add(channel);
      say(page);
    }
    if (roll(50) === 0) await disturb[roll(disturb.length)]?.();
    if (roll(4) === 0) await new Promise((resolve) => setTimeout(resolve, roll(20)));
  }
  redis.resume();
  // A page that could not come back is none.
  const open_ = pages.filter(({ device }) => device.closedWith === undefined);
  for (const channel of channels) await exact(channel, open_);
});

test('[N11] subscribers that only Redis believes in are gone when the channel is told something', async () => {
  const channel = 'ghosts' as Channel;
  const [gateway] = gateways;
  const nothing = () => {};
  const bus = { message: nothing, evicted: nothing, close: nothing, revoked: nothing };
  const handlers = { ...bus, up: nothing, down: nothing, lag: nothing };
  const node = (gateway?.node ?? '') as ReturnType<typeof newNode>;
  const { subscriptions } = cluster.join(node, handlers, nothing);
  const member = { session: `${node}.zz` as Session, user: 0 as const, device: 'd' as never };
  const details = { agent: '', ip: '', origin: '', language: '' };
  const joined = [{ ...member, ...details }];
  await subscriptions.report({ app, channel, count: 1, joined, kept: [], left: [] });
  assert.equal(await cluster.channels.count(app, channel), 1);
  await eventually(async () => {
    await cluster.channels.publish({ app, channel, event: '', data: '1' });
    assert.equal(await cluster.channels.count(app, channel), 0);
    assert.deepEqual(await cluster.channels.members(app, channel), []);
  });
});

test("the address of a member is the one that our proxy saw, or the socket's own", async () => {
  const channel = 'proxied' as Channel;
  const headers = { 'x-forwarded-for': '6.6.6.6, 203.0.113.7' };
  for (const gateway of gateways) {
    const device = await V1Device.connect(gateway.address, { headers });
    device.send(JSON.stringify({ type: 'subscribe', channel }));
    await device.frame('subscribed');
    const members = await cluster.channels.members(app, channel);
    const expected = gateway === gateways[0] ? '203.0.113.7' : '127.0.0.1';
    assert.deepEqual(
      members.map(({ ip }) => ip),
      [expected],
    );
    await device.drop();
    await eventually(async () => assert.equal(await cluster.channels.count(app, channel), 0));
  }
});

test('[L10] [V12] a peer that asks much at once is answered everything, in order', async () => {
  const [first] = gateways;
  const page = await LegacyDevice.connect(first?.address ?? '');
  const device = await V1Device.connect(first?.address ?? '');
  device.send('{"type":"subscribe","channel":"web_much"}');
  await device.frame('subscribed');
  for (let i = 0; i < 1_000; i += 1) {
    page.send(`web_pipe2\nweb_much\n\n*\n${i}`);
    device.send(JSON.stringify({ type: 'count', ref: i, channel: 'web_much' }));
  }
  const answers = () => page.frames.filter(({ pipe }) => pipe === '_answer_to_web_much');
  await page.until('the answers', () => answers()[999], 30_000);
  assert.deepEqual(
    answers().map(({ data }) => Number((data as { message: string }).message)),
    Array.from({ length: 1_000 }, (_, i) => i),
  );
  const of = (type: string) => device.frames.filter((frame) => frame.type === type);
  await device.until('the counts', () => of('count')[999] && of('channel')[999], 30_000);
  assert.deepEqual(
    of('channel').map((frame) => Number('data' in frame && frame.data)),
    Array.from({ length: 1_000 }, (_, i) => i),
  );
  assert.deepEqual([page.closedWith, device.closedWith], [undefined, undefined]);
  await page.drop();
  await device.drop();
});
