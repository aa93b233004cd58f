import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RedisUnavailable, type Registry } from '@encke/cluster';
import { Registrations } from './registrations.ts';
import { newSession, TestHouse } from './session.fixture.ts';

const epoch = 'aaaaaaaaaa';

test('[D3] when the bus is back before the connection for commands, sessions still register a share at a time', async () => {
  const sessions = Array.from({ length: 2_000 }, () => {
    const { session } = newSession('v1', new TestHouse());
    session.state = 'live';
    session.startAt(epoch, 0);
    return session;
  });
  let isConnected = false;
  let connect = (): void => {};
  const connected = new Promise<void>((resolve) => {
    connect = () => {
      isConnected = true;
      resolve();
    };
  });
  let underWay = 0;
  let most = 0;
  let registered = 0;
  const register = async () => {
    if (!isConnected) throw new RedisUnavailable('no', 'not connected');
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
    registered += 1;
    return { epoch, last: 0, sessions: 1 };
  };
  const registry = { register, users: async () => [] } as unknown as Registry;
  const registrations = new Registrations({
    registry: () => registry,
    connected: () => connected,
    held: () => 1,
    stray: () => assert.fail('nobody is one'),
    settled: async () => {},
    behind: () => assert.fail('nobody is'),
    departed: () => assert.fail('nobody has'),
    fault: (error) => assert.fail(String(error)),
  });
  const all = registrations.all(sessions);
  await new Promise((resolve) => setImmediate(resolve));
  connect();
  await all;
  assert.equal(registered, sessions.length);
  assert.ok(most <= 500, `${most} at once`);
});
