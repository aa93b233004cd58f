/** A Redis Cluster is upgraded and grows while it is used. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  eventually,
  eventuallyDelivered,
  type RedisServer,
  startNodes,
  startRedisCluster,
  takeOver,
} from '@encke/testing';
import { skipOnCluster } from './on-cluster.ts';
import { type Person, Stage } from './stage.ts';
import { checkSocketsStayed, flow, once, stream, total } from './traffic.ts';

const skip = skipOnCluster;

async function openCluster(t: TestContext) {
  const redis = await startRedisCluster();
  const stage = new Stage(redis, await startNodes({ redis, worker: true }));
  t.after(() => stage.close());
  const people = await stage.people(40);
  const devices = await stage.roamBoth(people);
  return { redis, stage, people, devices };
}

async function nobodyNoticed(
  stage: Stage,
  people: readonly Person[],
  devices: Parameters<typeof checkSocketsStayed>[0],
) {
  await eventuallyDelivered(stage.ledger.expected(), devices, 60_000);
  stage.ledger.checkGapless();
  checkSocketsStayed(devices);
  assert.equal(
    total(devices, ({ missed }) => missed),
    0,
  );
  for (const { user } of people)
    await eventually(async () => assert.equal((await stage.api.send(user, 'live')).sessions, 2));
}

test('replica and master change places twice in a stream: nobody notices', { skip }, async (t) => {
  const { redis, stage, people, devices } = await openCluster(t);
  const [master] = redis.masters;
  const replica = await redis.addReplica();
  assert.ok(master);
  const [away, back] = [once(3_000, () => takeOver(replica)), once(8_000, () => takeOver(master))];
  await stream(stage.ledger, people, {
    messages: 15_000,
    at: async (accepted) => {
      await away(accepted);
      await back(accepted);
    },
  });
  await nobodyNoticed(stage, people, devices);
});

/** As `redis-cli --cluster reshard` does it. @returns how many slots had keys. */
async function moveSlots(from: RedisServer, to: RedisServer, masters: readonly RedisServer[]) {
  const [source, target] = [await from.cli('CLUSTER', 'MYID'), await to.cli('CLUSTER', 'MYID')];
  let filled = 0;
  for (let slot = 0; slot < 16_384 / masters.length; slot += 1) {
    const keys = (await from.cli('CLUSTER', 'GETKEYSINSLOT', slot, 10_000)) as string[];
    if (keys.length === 0) continue;
    filled += 1;
    await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(source));
    await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(target));
    for (;;) {
      const some = (await from.cli('CLUSTER', 'GETKEYSINSLOT', slot, 10)) as string[];
      if (some.length === 0) break;
      await from.cli('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...some);
    }
    for (const node of [to, from, ...masters])
      await node.cli('CLUSTER', 'SETSLOT', slot, 'NODE', String(target));
  }
  return filled;
}

test('slots move to another master while messages flow: nobody notices', { skip }, async (t) => {
  const { redis, stage, people, devices } = await openCluster(t);
  const [first, second] = redis.masters;
  assert.ok(first && second);
  const sending = flow(stage.ledger, people);
  const moved = await moveSlots(first, second, redis.masters);
  await sending.stop();
  assert.ok(moved > 10, `${moved} slots`);
  await nobodyNoticed(stage, people, devices);
});
