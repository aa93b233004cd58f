/** Runs `encke up` as a child; after a change: build, and when that went well, stop it and start it again. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, watch as watchFolder } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build, root } from './fresh-clone.mjs';

/** Milliseconds: an editor or a checkout writes several files at once. */
const settle = 200;
const watched = ['src', 'lua', 'demo'];

export async function watch(args) {
  const encke = join(root, 'packages', 'encke', 'bin', 'encke.mjs');
  let child;
  let ending = false;
  let changed = false;
  let busy = false;
  let timer;

  function start() {
    child = fork(encke, ['up', ...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const mine = child;
    child.once('exit', (code) => {
      if (mine === child) child = undefined;
      if (ending) process.exit(code ?? 1);
      if (!busy) console.log('Encke has ended; it starts again after the next change.');
    });
  }

  async function restart() {
    if (busy) return;
    busy = true;
    while (changed && !ending) {
      changed = false;
      console.log('Building after a change …');
      if (!build()) continue;
      if (child) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      if (!ending) start();
    }
    busy = false;
  }

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      ending = true;
      if (child) child.kill('SIGTERM');
      else process.exit(0);
    });

  start();
  for (const name of await readdir(join(root, 'packages')))
    for (const folder of watched.map((part) => join(root, 'packages', name, part)))
      if (existsSync(folder))
        watchFolder(folder, { recursive: true }, (_event, file) => {
          if (/\.test\.ts$/.test(file ?? '')) return;
          changed = true;
          clearTimeout(timer);
          timer = setTimeout(restart, settle);
        });
}
