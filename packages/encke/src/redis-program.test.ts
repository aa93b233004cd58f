import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { Failure } from './failure.ts';
import { findRedis, obtainRedis } from './redis-program.ts';

const root = mkdtempSync(join(tmpdir(), 'encke-path-'));
after(() => rmSync(root, { recursive: true }));

/** A folder for PATH with a program that only tells its version. */
function folderWith(name: string, version: string): string {
  const folder = join(root, `${name}-${version.replaceAll(/\W/g, '-')}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `#!/bin/sh\necho '${version}'\n`, { mode: 0o755 });
  return folder;
}

const redis6 = folderWith('redis-server', 'Redis server v=6.2.14 sha=0:0 malloc=jemalloc-5.2.1');
const redis7 = folderWith('redis-server', 'Redis server v=7.0.15 sha=0:0 malloc=jemalloc-5.3.0');
const redis10 = folderWith('redis-server', 'Redis server v=10.1.0 sha=0:0');
const valkey = folderWith('valkey-server', 'Valkey server v=8.0.1 sha=0:0 malloc=jemalloc-5.3.0');

test('finds a server of version 7 or newer', () => {
  assert.deepEqual(findRedis([root, redis7].join(delimiter)).program, {
    path: join(redis7, 'redis-server'),
    version: 'redis-server 7.0.15',
  });
  assert.equal(findRedis(redis10).program?.version, 'redis-server 10.1.0');
  assert.equal(findRedis(valkey).program?.version, 'valkey-server 8.0.1');
});

test('an old Redis is passed over for a Valkey', () => {
  assert.equal(findRedis([redis6, valkey].join(delimiter)).program?.version, 'valkey-server 8.0.1');
});

test('without one and without a package manager: one message with the choices', async () => {
  const say = () => assert.fail('nothing is installed');
  await assert.rejects(obtainRedis(root, say), (error) => {
    assert.ok(error instanceof Failure);
    assert.match(error.message, /^Encke needs Redis 7 or newer, or Valkey\. Choose one:\n/);
    assert.match(error.message, /apt-get install redis-server/);
    assert.match(error.message, /ENCKE_REDIS_URL/);
    return true;
  });
  await assert.rejects(obtainRedis(redis6, say), /redis-server is 6\.2\.14, which is too old\./);
});
