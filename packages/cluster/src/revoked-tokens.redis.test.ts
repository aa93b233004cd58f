import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { App, User } from '@encke/protocol';
import { eventually, type RedisServer, startRedis } from '@encke/testing';
import {
  app,
  laptop,
  newUser,
  openTestCluster,
  phone,
  type TestCluster,
  type TestNode,
} from './cluster.fixture.ts';
import { RevokedTokens, tokenDigest } from './revoked-tokens.ts';

let redis: RedisServer;
let cluster: TestCluster;
let node: TestNode;
let revoked: RevokedTokens;
before(async () => {
  redis = await startRedis();
  cluster = await openTestCluster(redis.url);
  node = await cluster.node();
  revoked = new RevokedTokens(cluster.context);
});
after(async () => {
  await cluster?.stop();
  await redis?.stop();
});

const day = 86_400_000;
let tokens = 0;

/** Not signed: whoever revokes looks at the payload only. */
function newToken(claims: Record<string, unknown>): string {
  tokens += 1;
  const payload = Buffer.from(JSON.stringify({ ...claims, jti: tokens })).toString('base64url');
  return `e30.${payload}.c2lnbmF0dXJl`;
}

const live = (token: string) => ({ digest: tokenDigest(token), expires: Date.now() + 60_000 });

function attach(user: User, token: string, device = phone) {
  const ref = node.newSession(user, device);
  return node.registry
    .attach({ ...ref, key: undefined, token: live(token) })
    .then((attached) => attached && { ...attached, ref });
}

test('a revoked token lets nobody in, until it is revoked no more', async () => {
  const user = newUser();
  const token = newToken({ user_id: user, exp: 2_000_000_000 });
  await revoked.revoke(app, token);
  assert.deepEqual(await revoked.list(app, token), [token]);
  assert.equal(await attach(user, token), undefined);
  const { record, sessions } = cluster.keysOf(user);
  assert.equal(await redis.cli('EXISTS', record, sessions), 0);
  assert.ok(await attach(user, newToken({ user_id: user })), 'another token of the user is good');
  assert.equal(await revoked.unrevoke(app, token), true);
  assert.equal(await revoked.unrevoke(app, token), false);
  assert.deepEqual(await revoked.list(app, token), []);
  assert.ok(await attach(user, token));
});

test('the gateways that hold sessions of the user are told', async () => {
  const user = newUser();
  const token = newToken({ user_id: user, exp: 2_000_000_000 });
  await attach(user, token);
  await attach(user, newToken({ user_id: user }), laptop);
  await revoked.revoke(app, token);
  await eventually(() => assert.deepEqual(node.revoked, [`${app}:${user} ${tokenDigest(token)}`]));
});

test('a gateway that was not listening learns it when it registers the session again', async () => {
  const user = newUser();
  const token = newToken({ user_id: user, exp: 2_000_000_000 });
  const attached = await attach(user, token);
  const other = await attach(user, newToken({ user_id: user }), laptop);
  assert.ok(attached && other);
  await revoked.revoke(app, token);
  const register = ({ ref, since, epoch }: typeof attached, digest: string) =>
    node.registry.register({
      ...{ ...ref, since, epoch, token: { digest, expires: 0 } },
      ...{ sent: 0, sentTime: 0, cursor: 0 },
    });
  assert.equal(await register(attached, tokenDigest(token)), 'signedOut');
  assert.equal(typeof (await register(other, 'another digest')), 'object');
});

test('all tokens of an app are listed, those of another app are not', async () => {
  const mine = 7 as App;
  const all = [1, 2, 3, 400].map((user_id) => newToken({ user_id, exp: 2_000_000_000 }));
  const unreadable = ['x', 'a.b.c', newToken({ user_id: '7' }), newToken({ user_id: 0 })];
  for (const token of [...all, ...unreadable]) await revoked.revoke(mine, token);
  await revoked.revoke(mine, all[0] as string);
  await revoked.revoke(8 as App, newToken({ user_id: 1, exp: 2_000_000_000 }));
  const list = await revoked.list(mine);
  assert.deepEqual(list.sort(), [...all, ...unreadable].sort());
  for (const token of unreadable) assert.deepEqual(await revoked.list(mine, token), [token]);
});

test('kept until the token expires, a day at least, 90 days when it never does', async () => {
  const user = newUser();
  const { tokens: key, ends } = cluster.context.keys.revoked(cluster.keysOf(user).partition, app);
  const now = Date.now();
  const kept = async (claims: Record<string, unknown>): Promise<number> => {
    const token = newToken({ user_id: user, ...claims });
    await revoked.revoke(app, token);
    assert.deepEqual(await revoked.list(app, token), [token]);
    return Number(await redis.cli('ZSCORE', ends, tokenDigest(token))) - now;
  };
  const about = (actual: number, expected: number) =>
    assert.ok(Math.abs(actual - expected) < 60_000, `${actual} ms`);
  about(await kept({ exp: (now - 5 * day) / 1000 }), day);
  about(await kept({ exp: (now + 5 * day) / 1000 }), 5 * day);
  about(Number(await redis.cli('PTTL', key)), 5 * day);
  about(await kept({}), 90 * day);
  about(await kept({ exp: 1e300 }), 8.64e15 - now);
  about(await kept({ exp: -1 }), day);
});

test('those that expired are forgotten when another one is revoked', async () => {
  const user = newUser();
  const { tokens: key, ends } = cluster.context.keys.revoked(cluster.keysOf(user).partition, app);
  const token = newToken({ user_id: user, exp: 2_000_000_000 });
  await revoked.revoke(app, token);
  await redis.cli('ZADD', ends, Date.now() - 1, tokenDigest(token));
  assert.deepEqual(await revoked.list(app, token), []);
  assert.equal(await revoked.unrevoke(app, newToken({ user_id: user })), false);
  await revoked.revoke(app, newToken({ user_id: user, exp: 2_000_000_000 }));
  assert.equal(await redis.cli('HEXISTS', key, tokenDigest(token)), 0);
  assert.equal(await redis.cli('ZSCORE', ends, tokenDigest(token)), null);
});
