/** Finds a Redis server on this machine, or gets one where that needs no question. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Failure } from './failure.ts';
import { installPackage, packageManager } from './system-package.ts';

export interface RedisProgram {
  readonly path: string;
  /** `redis-server 7.0.15` */
  readonly version: string;
}

type Say = (text: string) => void;

/** Sharded pub/sub came with Redis 7; Valkey has it from its first version. */
const leastMajor = 7;
const names = ['redis-server', 'valkey-server'] as const;

function onPath(name: string, path: string): string | undefined {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

function versionOf(file: string): string | undefined {
  try {
    const text = execFileSync(file, ['--version'], { encoding: 'utf8', timeout: 10_000 });
    return /\bv=(\d+\.\d+\.\d+)/.exec(text)?.[1];
  } catch {
    return undefined;
  }
}

/** `path`: as in the variable PATH. Also says which servers were there but too old. */
export function findRedis(path: string): { program?: RedisProgram; tooOld: string[] } {
  const tooOld: string[] = [];
  for (const name of names) {
    const file = onPath(name, path);
    const version = file && versionOf(file);
    if (!file || !version) continue;
    if (Number.parseInt(version, 10) >= leastMajor)
      return { program: { path: file, version: `${name} ${version}` }, tooOld };
    tooOld.push(`${file} is ${version}`);
  }
  return { tooOld };
}

const choices = `Choose one:
  sudo apt-get install redis-server        Debian 12, Ubuntu 24.04 or newer
  sudo dnf install valkey                  Fedora
  sudo pacman -S valkey                    Arch Linux
  brew install redis                       macOS
  docker run --rm -p 6379:6379 redis:7     anywhere; then set ENCKE_REDIS_URL=redis://127.0.0.1:6379`;

/** The package brings a system service along; Encke wants the program only and starts its own. */
function stopService(): void {
  const [command, ...args] = existsSync('/run/systemd/system')
    ? ['systemctl', 'disable', '--now', 'redis-server']
    : ['service', 'redis-server', 'stop'];
  try {
    execFileSync(command as string, args, { stdio: 'ignore', timeout: 30_000 });
  } catch {
    // It was not started, as in most containers.
  }
}

/** A Redis server of version 7 or newer; installs one with apt (as root) or brew. Else a Failure with the choices. */
export async function obtainRedis(path: string, say: Say): Promise<RedisProgram> {
  const found = findRedis(path);
  if (found.program) return found.program;
  const manager = packageManager(path);
  if (manager !== undefined) {
    await installPackage(manager, { apt: 'redis-server', brew: 'redis' }[manager], say);
    if (manager === 'apt') stopService();
    const installed = findRedis(path);
    if (installed.program) return installed.program;
    found.tooOld.push(...installed.tooOld);
  }
  const old = [...new Set(found.tooOld)].map((text) => `${text}, which is too old. `).join('');
  throw new Failure(`Encke needs Redis ${leastMajor} or newer, or Valkey. ${old}${choices}`, 2);
}
