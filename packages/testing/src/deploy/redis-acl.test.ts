import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runStatement } from '@encke/cometql';
import { Redis } from 'ioredis';
import { eventually } from '../eventually.ts';
import { temporaryFolder } from '../guard.ts';
import { LegacyDevice } from '../legacy-device.ts';
import { type Nodes, startNodes } from '../nodes.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { startRedisCluster } from '../redis-cluster.ts';
import { V1Device } from '../v1-device.ts';
import { Installation } from './installation.ts';
import { kustomize, noKubectl } from './manifests.ts';
import { leastRules, shippedRules } from './redis-acl.ts';
import { environment } from './settings-policy.ts';

test('the rules name exactly the commands that are used', () => {
  const least = leastRules();
  const { chart, overlay } = shippedRules();
  assert.equal(chart, least, 'deploy/helm/encke/redis-acl-rules has to be the expected line');
  assert.equal(overlay, least, 'so has the user encke of components/redis/users.acl');
});

/** The user `encke` with the rules that are shipped; tests themselves stay the user `default`. */
async function confined(redis: TestRedis): Promise<TestRedis> {
  const rules = shippedRules().chart.split(' ');
  await redis.all('ACL', 'SETUSER', 'encke', 'reset', 'on', '>secret', ...rules);
  const url = `redis://encke:secret@${redis.url.replace('redis://', '')}`;
  return { ...redis, url, env: { ...redis.env, ENCKE_REDIS_URL: url } };
}

interface Denial {
  readonly reason: string;
  readonly object: string;
}

/** What Redis has refused, also where the client made nothing of it. */
async function denials(redis: TestRedis): Promise<Denial[]> {
  const logs = (await redis.all('ACL', 'LOG')) as string[][][];
  const entries = logs.flat().map((fields) => {
    const at = (name: string): string => String(fields[fields.indexOf(name) + 1]);
    return { reason: at('reason'), object: at('object') };
  });
  // From Redis 7.2 on a client tells its version; Redis 7.0 does not even know the rule for it.
  return entries.filter(({ object }) => object !== 'client|setinfo');
}

/** The tables of CometQL, each written, read and emptied. */
const statements = [
  `INSERT INTO users_auth (id, hash) VALUES (9, 'abc')`,
  `INSERT INTO users_messages (id, event, message) VALUES (9, 'e', 'x')`,
  `INSERT INTO users_data (id, data) VALUES (9, 'x')`,
  `INSERT INTO pipes_settings (name, length) VALUES ('sql', 3)`,
  `INSERT INTO pipes_messages (name, event, message) VALUES ('sql', 'e', 'x')`,
  `INSERT INTO revoked_tokens (token) VALUES ('a.b.c')`,
  ...['users_auth', 'users_messages', 'users_data', 'users_time'].map(
    (table) => `SELECT * FROM ${table} WHERE id = 9`,
  ),
  ...['pipes_settings', 'pipes_messages', 'pipes', 'users_in_pipes'].map(
    (table) => `SELECT * FROM ${table} WHERE name = 'sql'`,
  ),
  'SELECT * FROM revoked_tokens',
  'SHOW GLOBAL STATUS',
  ...['users_auth', 'users_messages', 'users_data'].map(
    (table) => `DELETE FROM ${table} WHERE id = 9`,
  ),
  ...['pipes_messages', 'pipes_settings'].map((table) => `DELETE FROM ${table} WHERE name = 'sql'`),
  `DELETE FROM revoked_tokens WHERE token = 'a.b.c'`,
];

/** Everything that the processes do with Redis in their life. */
async function live({ api, gateways, cometql, addresses, add }: Nodes): Promise<void> {
  const [first = '', second = ''] = addresses;
  await api.setHash(1, 'a'.repeat(32));
  const key = 'a'.repeat(32);
  const device = await V1Device.connect(first, { user: 1, key, device: 'd1' });
  const old = await LegacyDevice.connect(second, { user: 1, key });
  await api.send(1, { n: 1 }, { idempotencyKey: 'once' });
  await api.send(1, { n: 1 }, { idempotencyKey: 'once' });
  await device.message(1);
  await old.message(1);
  await eventually(async () => assert.equal((await api.undelivered(1)).length, 0));
  await device.drop();
  await old.close();
  await api.sendMany([{ user: 1, data: 2 }]);
  await eventually(async () => assert.equal((await api.undelivered(1)).length, 1));
  const back = await V1Device.connect(second, { user: 1, key, device: 'd1' });
  await back.until('the queued message', () => back.messages.find(({ data }) => data === 2));
  await api.disconnect(1);
  await api.removeHash(1);
  await api.send(2, { n: 1 });
  await api.purge(2);
  await api.call('PUT', '/channels/news/settings', { history: 5 });
  const reader = await V1Device.connect(first, { user: 2, key: '' });
  for (const channel of ['news', 'track_room', 'user_status_3'])
    reader.send(JSON.stringify({ type: 'subscribe', channel }));
  await reader.until('three channels', () =>
    reader.frames.filter(({ type }) => type === 'subscribed').length === 3 ? true : undefined,
  );
  await api.call('POST', '/channels/news/messages', { data: 1 });
  await reader.frame('channel');
  for (const [ref, type] of ['count', 'members', 'history'].entries())
    reader.send(JSON.stringify({ type, ref, channel: 'track_room' }));
  await reader.frame('members');
  for (const path of ['', '/messages', '/subscribers'])
    await api.call('GET', `/channels/news${path}`);
  await api.call('DELETE', '/channels/news/messages');
  await api.call('PUT', '/users/2/data', { data: {} });
  await api.call('GET', '/users/2/data');
  await api.call('POST', '/revoked-tokens', { token: 'a.b.c' });
  await api.call('DELETE', '/revoked-tokens', { token: 'a.b.c' });
  const status = await fetch(`${api.url}/v1/status`, {
    headers: { authorization: `Bearer ${api.key}` },
  });
  assert.equal(status.status, 200);
  await reader.close();
  const place = { host: '127.0.0.1', port: cometql?.port ?? 0, app: 1, key: api.key, tls: false };
  for (const statement of statements) await runStatement(place, statement);
  // A gateway that dies is swept by the worker, and its users go offline.
  await api.setHash(3, key);
  await V1Device.connect(first, { user: 3, key });
  await gateways[0]?.kill();
  await eventually(async () => assert.equal((await api.user(3)).online, false), {
    timeout: 90_000,
    every: 250,
  });
  await add('gateway');
}

for (const [name, start] of [
  ['one Redis', startRedis],
  ['a Redis Cluster', startRedisCluster],
] as const)
  test(`with these rules all processes do their work, on ${name}`, async () => {
    const redis = await start();
    const mine = await confined(redis);
    const env = { ENCKE_REDIS_PREFIX: 'encke', ENCKE_OFFLINE_GRACE: '0.5' };
    const nodes = await startNodes({ redis: mine, worker: true, cometql: true, env });
    try {
      await live(nodes);
      assert.deepEqual(await denials(redis), []);
      assert.equal((await nodes.worker?.metrics())?.get('encke_jobs_failed_total') ?? 0, 0);
    } finally {
      await nodes.stop();
      await redis.stop();
    }
  });

test('the Redis of the overlay dev starts as it is told, and lets in who has the password', {
  skip: noKubectl,
}, async () => {
  const all = new Installation(kustomize('dev'), []);
  const gateway = all.processes.find(({ process }) => process === 'gateway');
  const server = all.workloads.find(({ kind }) => kind === 'StatefulSet');
  const [secret] = all.all('Secret').filter(({ metadata }) => metadata.name.includes('acl'));
  assert.ok(gateway && server && secret);
  const folder = temporaryFolder('encke-acl-');
  const file = join(folder.path, 'users.acl');
  writeFileSync(file, Buffer.from(secret.data?.['users.acl'] ?? '', 'base64'));
  const places: Record<string, string> = { '/data': folder.path, '/acl/users.acl': file };
  const args = (server.containers[0]?.args ?? []).map((word) => places[word] ?? word);
  const redis = await startRedis({ args });
  const { ENCKE_REDIS_URL: url = '' } = environment(all, gateway);
  const client = new Redis(url.replace('@encke-redis:6379', `@127.0.0.1:${redis.port}`));
  try {
    assert.equal(await client.set('encke:{1}:auth:1:1', 'x'), 'OK');
    // The probe of the pod asks as nobody, and learns nothing more.
    assert.equal(await redis.cli('PING'), 'PONG');
    await assert.rejects(redis.cli('GET', 'encke:{1}:auth:1:1'), /NOPERM/);
  } finally {
    client.disconnect();
    await redis.stop();
    folder.remove();
  }
});

test('beyond its own keys, channels and commands the user may do nothing', async () => {
  const redis = await startRedis();
  try {
    await confined(redis);
    const dry = (...words: string[]): Promise<unknown> =>
      redis.cli('ACL', 'DRYRUN', 'encke', ...words);
    assert.equal(await dry('GET', 'encke:{1}:auth:1:1'), 'OK');
    assert.equal(await dry('SPUBLISH', 'encke:{1}:bus:a', 'x'), 'OK');
    for (const words of [
      ['GET', 'other:key'],
      ['SPUBLISH', 'other', 'x'],
      ['FLUSHALL'],
      ['KEYS', '*'],
      ['CONFIG', 'GET', '*'],
      ['ACL', 'LIST'],
      ['SHUTDOWN'],
      ['SCRIPT', 'FLUSH'],
      ['CLIENT', 'LIST'],
    ]) {
      assert.match(String(await dry(...words)), /has no permissions/, words.join(' '));
    }
  } finally {
    await redis.stop();
  }
});
