import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Everything that depends on what kind of Redis it is; pages in a browser do not. */
const files = [
  'private-message',
  'device-limit',
  'offline-then-online',
  'idempotency',
  'gateway-crash',
  'bus-lost',
  'redis-paused',
  'redis-restart',
  'half-open',
  'slow-device',
  'drain',
];

/** Runs one file of this folder as a process of its own and resolves with its output and exit code. */
function run(file: string): Promise<{ code: number; output: string }> {
  const path = fileURLToPath(new URL(`${file}.test.ts`, import.meta.url));
  const env = Object.entries(process.env).filter(([name]) => !name.startsWith('NODE_TEST'));
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', '--conditions=source', path],
      {
        env: { ...Object.fromEntries(env), ENCKE_TEST_REDIS: 'cluster' },
        maxBuffer: 64 * 1024 * 1024,
        timeout: 240_000,
      },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    );
  });
}

for (const file of files)
  test(`${file}, on a Redis Cluster of three masters`, {
    skip: process.env.ENCKE_TEST_REDIS === 'cluster' && 'the whole run is on a cluster',
  }, async () => {
    const { code, output } = await run(file);
    assert.equal(code, 0, output);
  });
