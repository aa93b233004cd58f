import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from './eventually.ts';
import { freePort, type Guarded, signal, spawnGuarded, temporaryFolder } from './guard.ts';

/** What a test may do to Redis, be it one server or a cluster of several. */
export interface TestRedis {
  readonly url: string;
  /** What a process of ours needs to find it. */
  readonly env: Readonly<Record<string, string>>;
  /** One command on every server; the answers in the order of the servers. */
  all(...args: readonly (string | number)[]): Promise<unknown[]>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  kill(): Promise<void>;
  /** Starts again on the same ports, with no data. Kills what still runs. */
  restartEmpty(): Promise<void>;
  stop(): Promise<void>;
}

export interface RedisServer extends TestRedis {
  readonly port: number;
  /** One command on a connection of its own. */
  cli(...args: readonly (string | number)[]): Promise<unknown>;
}

export interface RedisOptions {
  /** More arguments for the server, such as `['--maxmemory', '50mb']`. */
  readonly args?: readonly string[];
  /** Lines of its configuration: it is a Sentinel then, not a server of data. */
  readonly sentinel?: readonly string[];
}

let program: string | undefined;

function serverProgram(): string {
  if (program !== undefined) return program;
  for (const name of ['redis-server', 'valkey-server']) {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' });
      program = name;
      return name;
    } catch {
      // Not on PATH: the next name, or the error below.
    }
  }
  throw new Error('neither redis-server nor valkey-server is on PATH');
}

async function command(port: number, args: readonly (string | number)[]): Promise<unknown> {
  const redis = new Redis({
    host: '127.0.0.1',
    port,
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
    connectTimeout: 10_000,
    commandTimeout: 10_000,
  });
  redis.on('error', () => {});
  try {
    await redis.connect();
    const [name = 'PING', ...rest] = args;
    return await redis.call(String(name), ...rest);
  } finally {
    redis.disconnect();
  }
}

function launch(port: number, dir: string, args: readonly string[]): Promise<Guarded> {
  return spawnGuarded(serverProgram(), [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir],
    ...['--save', '', '--appendonly', 'no', '--daemonize', 'no', '--logfile', 'redis.log'],
    ...args,
  ]);
}

/** A Sentinel writes what it learns into the file that it was started with. */
function launchSentinel(port: number, dir: string, lines: readonly string[]): Promise<Guarded> {
  const file = join(dir, 'sentinel.conf');
  const all = [`port ${port}`, 'bind 127.0.0.1', `dir ${dir}`, 'logfile redis.log', ...lines];
  writeFileSync(file, `${all.join('\n')}\n`);
  return spawnGuarded(serverProgram(), [file, '--sentinel']);
}

/** A private Redis on a free port: no persistence, its folder removed at `stop()`. */
export async function startRedis({ args = [], sentinel }: RedisOptions = {}): Promise<RedisServer> {
  const port = await freePort();
  const root = temporaryFolder('encke-redis-');
  let server: Guarded | undefined;

  const cli = (...words: readonly (string | number)[]) => command(port, words);
  const start = async () => {
    // A folder per start: a cluster node would otherwise find its old nodes.conf.
    const dir = mkdtempSync(join(root.path, 'run-'));
    server = await (sentinel ? launchSentinel(port, dir, sentinel) : launch(port, dir, args));
    await eventually(() => cli('PING'));
  };
  const kill = async () => {
    await server?.kill();
    server = undefined;
  };
  const send = (name: NodeJS.Signals) => {
    if (server !== undefined) signal(server.pid, name);
  };
  const stop = async () => {
    await kill();
    root.remove();
  };

  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  const url = `redis://127.0.0.1:${port}`;
  return {
    url,
    port,
    env: { ENCKE_REDIS_URL: url },
    cli,
    all: async (...words) => [await cli(...words)],
    pause: () => send('SIGSTOP'),
    resume: () => send('SIGCONT'),
    kill,
    async restartEmpty() {
      await kill();
      await start();
    },
    stop,
  };
}
