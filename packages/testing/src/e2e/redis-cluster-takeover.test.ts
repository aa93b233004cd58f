import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, eventuallyDelivered, startNodes, startRedisCluster } from '@encke/testing';
import { skipOnCluster } from './on-cluster.ts';
import { Stage } from './stage.ts';
import { checkSocketsStayed, once, stream, total } from './traffic.ts';

const slow = { timeout: 60_000 };

test('replica and master of a Cluster change places twice in a stream: nobody notices', {
  skip: skipOnCluster,
}, async (t) => {
  const redis = await startRedisCluster();
  const stage = new Stage(redis, await startNodes({ redis, worker: true }));
  t.after(() => stage.close());
  const replica = await redis.addReplica();
  const [master] = redis.masters;
  assert.ok(master);
  const people = await stage.people(40);
  const devices = await stage.roamBoth(people);
  /** As before an upgrade of the master. */
  async function takeOver(server: typeof replica) {
    await server.cli('CLUSTER', 'FAILOVER');
    await eventually(async () => {
      const [role] = (await server.cli('ROLE')) as [string];
      assert.equal(role, 'master');
    }, slow);
  }
  const [away, back] = [once(3_000, () => takeOver(replica)), once(8_000, () => takeOver(master))];
  await stream(stage.ledger, people, {
    messages: 15_000,
    at: async (accepted) => {
      await away(accepted);
      await back(accepted);
    },
  });
  await eventuallyDelivered(stage.ledger.expected(), devices, 60_000);
  stage.ledger.checkGapless();
  checkSocketsStayed(devices);
  assert.equal(
    total(devices, ({ missed }) => missed),
    0,
  );
  for (const { user } of people)
    await eventually(async () => assert.equal((await stage.api.send(user, 'live')).sessions, 2));
});
