import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RedisUnavailable } from '@encke/cluster';
import type { App, Device, User } from '@encke/protocol';
import { Entrance, type EntranceParts } from './entrance.ts';
import { newSession } from './session.fixture.ts';

const claim = {
  ...{ app: 1 as App, user: 7 as User, key: 'key', device: 'phone' as Device },
  resume: undefined,
};

/** Whether a device that arrives while Redis is away leaves a session that has to be taken out of Redis. */
async function standsInRedis(stored: 'no' | 'unknown'): Promise<boolean> {
  const attach = () => Promise.reject(new RedisUnavailable(stored, 'not connected'));
  const nothing = () => {};
  const parts = {
    registry: () => ({ attach }),
    ...{ hub: { add: nothing }, count: nothing, outage: nothing },
  };
  const { session, house } = newSession('v1');
  await new Entrance(parts as unknown as EntranceParts).admit(session, claim);
  assert.deepEqual(house.ended, ['unavailable']);
  assert.deepEqual(house.gone, [session]);
  return session.registered;
}

test('a device that Redis has not heard of need not be taken out when Redis is back', async () => {
  assert.equal(await standsInRedis('no'), false);
  assert.equal(await standsInRedis('unknown'), true);
});
