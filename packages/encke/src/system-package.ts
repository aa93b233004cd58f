/** Installs a package of the operating system where that needs no question: apt as root, and brew. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Failure } from './failure.ts';

export type PackageManager = 'apt' | 'brew';

export function packageManager(path: string): PackageManager | undefined {
  const has = (name: string) =>
    path.split(delimiter).some((folder) => existsSync(join(folder, name)));
  if (process.getuid?.() === 0 && has('apt-get')) return 'apt';
  // Homebrew refuses to run as root.
  if (process.getuid?.() !== 0 && has('brew')) return 'brew';
  return undefined;
}

async function runVisibly(command: string, args: readonly string[]): Promise<void> {
  const quiet = ['DEBIAN_FRONTEND=noninteractive', 'HOMEBREW_NO_AUTO_UPDATE=1'];
  const child = spawn('env', [...quiet, command, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Failure(`\`${[command, ...args].join(' ')}\` failed; see above.`);
}

export async function installPackage(
  manager: PackageManager,
  name: string,
  say: (text: string) => void,
): Promise<void> {
  if (manager === 'brew') {
    say(`Installing ${name} with brew …`);
    await runVisibly('brew', ['install', name]);
    return;
  }
  say(`Installing ${name} with apt-get …`);
  await runVisibly('apt-get', ['update', '-qq']);
  await runVisibly('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name]);
}
