import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Cluster, openCluster } from '@encke/cluster';
import type { App, Channel, newNode, Session } from '@encke/protocol';
import { eventually, LegacyDevice, type RedisServer, randomUuid, startRedis } from '@encke/testing';
import { startTestGateway, type TestGateway } from './gateway.fixture.ts';

const app = 1 as App;
let redis: RedisServer;
let gateways: TestGateway[];
let cluster: Cluster;
before(async () => {
  redis = await startRedis();
  const first = await startTestGateway(redis.env);
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
