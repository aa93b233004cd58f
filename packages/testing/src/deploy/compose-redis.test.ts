/** The scripts that start Redis and Sentinel in deploy/compose, and the health checks, with the programs of this machine. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { parse } from 'yaml';
import { eventually } from '../eventually.ts';
import { freePort, type Guarded, spawnGuarded, temporaryFolder } from '../guard.ts';
import { startRedis } from '../redis.ts';
import { missing, root } from './manifests.ts';

const skip = missing('redis-server', '--version') || missing('redis-cli', '--version');

async function connected<T>(port: number, password: string, use: (redis: Redis) => Promise<T>) {
  const redis = new Redis({ port, password, lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => {});
  try {
    await redis.connect();
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

/** A container that keeps its volume: the script, with its places on this machine, started as often as one likes. */
async function container(t: TestContext, script: string, args: readonly string[], port: number) {
  const folder = temporaryFolder('encke-compose-');
  const file = join(folder.path, 'start.sh');
  const text = readFileSync(`${root}deploy/compose/${script}`, 'utf8');
  writeFileSync(
    file,
    text.replaceAll('/data', folder.path).replace('26379', String(port)).replace(' 6379 ', ' 1 '),
  );
  let server: Guarded | undefined;
  t.after(async () => {
    await server?.kill();
    folder.remove();
  });
  return {
    read: (name: string) => readFileSync(join(folder.path, name), 'utf8'),
    async start(password: string, env: Readonly<Record<string, string>> = {}) {
      await server?.kill();
      const pairs = Object.entries({ ...env, REDISCLI_AUTH: password });
      const words = pairs.map(([name, value]) => `${name}=${value}`);
      server = await spawnGuarded('env', [...words, 'sh', file, ...args]);
      await eventually(() => connected(port, password, (redis) => redis.ping()));
    },
  };
}

/** What Redis says of a setting. */
const setting = async (redis: Redis, name: string) => {
  const [, value] = (await redis.config('GET', name)) as [string, string];
  return value;
};

test('a Redis of the variants keeps what it learnt, and takes a changed password and memory', {
  skip,
}, async (t) => {
  const port = await freePort();
  const node = await container(t, 'redis-node.sh', [`port ${port}`], port);
  await node.start('first');
  await connected(port, 'first', async (redis) => {
    assert.equal(await setting(redis, 'maxmemory'), String(1024 ** 3));
    await redis.set('kept', '1');
    // As after a failover: Redis writes what it is into its configuration.
    await redis.config('SET', 'min-replicas-max-lag', '7');
    await redis.config('REWRITE');
  });
  await node.start('second', { REDIS_MAXMEMORY: '50mb' });
  await connected(port, 'second', async (redis) => {
    assert.equal(await redis.get('kept'), '1');
    assert.equal(await setting(redis, 'min-replicas-max-lag'), '7');
    assert.equal(await setting(redis, 'maxmemory'), String(50 * 1024 ** 2));
    assert.equal(await setting(redis, 'masterauth'), 'second');
  });
  await assert.rejects(connected(port, 'first', (redis) => redis.ping()));
});

test('a Sentinel keeps what it learnt, and takes a changed password', { skip }, async (t) => {
  const port = await freePort();
  const sentinel = await container(t, 'redis-sentinel.sh', ['127.0.0.1'], port);
  await sentinel.start('first');
  const ask = (password: string, ...words: [string, ...string[]]) =>
    connected(port, password, (redis) => redis.call(...words));
  const id = await ask('first', 'SENTINEL', 'MYID');
  await ask('first', 'SENTINEL', 'SET', 'encke', 'quorum', '3');
  await ask('first', 'SENTINEL', 'FLUSHCONFIG');
  for (const password of ['second', 'second']) {
    await sentinel.start(password);
    assert.equal(await ask(password, 'SENTINEL', 'MYID'), id);
    const fields = (await ask(password, 'SENTINEL', 'MASTER', 'encke')) as string[];
    assert.equal(fields[fields.indexOf('quorum') + 1], '3');
  }
  await assert.rejects(ask('first', 'PING'));
  const lines = sentinel.read('sentinel.conf');
  assert.match(lines, /^sentinel auth-pass encke "?second"?$/m);
  assert.match(lines, /^sentinel sentinel-pass "?second"?$/m);
  assert.doesNotMatch(lines, /first/);
});

interface Service {
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly disable?: boolean; readonly test?: readonly string[] };
}

const services = (file: string): [string, Service][] =>
  Object.entries(
    (
      parse(readFileSync(`${root}${file}`, 'utf8'), { merge: true }) as {
        services: Record<string, Service>;
      }
    ).services,
  );

const files = ['docker-compose.yml', 'deploy/compose/sentinel.yml', 'deploy/compose/cluster.yml'];

for (const file of files)
  test(`${file}: Redis is healthy only for who has its password`, { skip }, async (t) => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    await redis.cli('CONFIG', 'SET', 'requirepass', 'right');
    const checks = services(file).flatMap(([, { healthcheck }]) =>
      healthcheck?.test?.join(' ').includes('redis-cli') ? [healthcheck.test] : [],
    );
    assert.ok(checks.length > 0);
    for (const [kind, ...words] of checks) {
      const text = words.join(' ').replace(/redis-cli( -p 26379)?/, `redis-cli -p ${redis.port}`);
      const line = kind === 'CMD-SHELL' ? ['-c', text] : ['-c', '"$@"', 'sh', ...text.split(' ')];
      const ends = (password: string) =>
        new Promise<boolean>((resolve) => {
          const env = { ...process.env, REDISCLI_AUTH: password };
          execFile('sh', line, { env }, (error) => resolve(error === null));
        });
      assert.equal(await ends('right'), true);
      assert.equal(await ends('wrong'), false);
    }
  });

test('REDIS_MAXMEMORY reaches every Redis of the variants', () => {
  for (const file of files.slice(1))
    for (const [name, { environment }] of services(file))
      if (/^redis/.test(name))
        assert.match(environment?.REDIS_MAXMEMORY ?? '', /^\$\{REDIS_MAXMEMORY:-1gb\}$/, name);
});
