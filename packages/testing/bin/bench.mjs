/** `npm run bench [-- name …]`: installs what is missing, builds, then measures the built processes. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const build = fileURLToPath(new URL('../../encke/bin/build.mjs', import.meta.url));
// Standard output is for results alone: with --json a program reads it.
const { status } = spawnSync(process.execPath, [build], { stdio: ['inherit', 2, 2] });
if (status !== 0) process.exit(status ?? 1);
await import('../dist/bench/main.js');
