/** `npm run bench [-- name …]`: installs what is missing, builds, then measures the built processes. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compile } from '../../encke/bin/fresh-clone.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/** Standard output is for results alone: with --json a program reads it. */
function run(...args) {
  const { status } = spawnSync(process.execPath, args, { stdio: ['inherit', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}

run(path('../../encke/bin/build.mjs'));
// What ships is built; the benchmarks themselves do not ship.
if (!compile('packages/testing')) process.exit(1);
await import('../dist/bench/main.js');
