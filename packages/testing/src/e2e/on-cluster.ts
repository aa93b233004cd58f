import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { fromSource } from '../process.ts';

/** Runs one file of this folder as a process of its own, with a cluster for its Redis. */
function run(file: string): Promise<{ code: number; output: string }> {
  const path = fileURLToPath(new URL(`${file}.test.ts`, import.meta.url));
  const env = Object.entries(process.env).filter(([name]) => !name.startsWith('NODE_TEST'));
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...fromSource, path],
      {
        env: {
          ...Object.fromEntries(env),
          ENCKE_TEST_REDIS: 'cluster',
          ENCKE_FUZZ_SECONDS: '15',
        },
        maxBuffer: 64 * 1024 * 1024,
        timeout: 480_000,
      },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    );
  });
}

/** For `test(…, { skip })`: the whole run is on a cluster already. */
export const skipOnCluster =
  process.env.ENCKE_TEST_REDIS === 'cluster' && 'the whole run is on a cluster';

/** Every test of that file passes on a Redis Cluster too. */
export async function passesOnCluster(file: string): Promise<void> {
  const { code, output } = await run(file);
  assert.equal(code, 0, output);
}
