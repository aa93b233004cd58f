/**
 * A Redis of our own for `encke up`, on loopback, with its data in `.encke/redis`: the next start finds the queues of the
 * last one. It must not outlive us, however we end; see `script`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import type { RedisProgram } from '../redis-program.ts';
import type { Handle } from './keeper.ts';
import { processCommand } from './process-birth.ts';

/**
 * Redis runs under a shell that holds the reading end of a pipe from us. When the pipe ends, because we close it or because the
 * kernel does so after our death by whatever signal, Redis gets the SIGTERM on which it writes its data and goes.
 */
const script = `
exec 3<&0
"$@" 3<&- &
redis=$!
{ cat <&3 >/dev/null; kill -TERM $redis; } 2>/dev/null &
exec 3<&-
wait $redis
`;

/** Milliseconds. Loading a large append-only file takes its time. */
const startTimeout = 120_000;
const stopTimeout = 15_000;

function redisArguments(folder: string, port: number): string[] {
  return [
    ...['--port', String(port), '--bind', '127.0.0.1', '--daemonize', 'no'],
    ...['--dir', folder, '--pidfile', join(folder, 'redis.pid')],
    // The append-only file alone holds the data: a second is lost at most, nothing at an orderly end.
    ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''],
  ];
}

/** `PING` as a bare line, so that this package needs no Redis client. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => done(false));
    socket.on('error', () => done(false));
    // While it loads its data it answers -LOADING.
    socket.on('data', (data) => done(data.toString().startsWith('+PONG')));
  });
}

function numberIn(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

const pidOf = (folder: string) => numberIn(join(folder, 'redis.pid'));
const portFile = (folder: string) => join(folder, 'redis.port');

/** Whether `pid` is the server of this folder; the pid alone may by now belong to another process. */
function serves(pid: number, folder: string): boolean {
  const command = processCommand(pid) ?? '';
  if (!/(redis|valkey)-server/.test(command)) return false;
  // It shows its arguments at first, and its address as soon as it listens.
  return command.includes(folder) || command.endsWith(`127.0.0.1:${numberIn(portFile(folder))}`);
}

/** Two servers on one folder would ruin its data: resolves when the one of an earlier start is gone. */
export async function outlast(folder: string): Promise<void> {
  const pid = pidOf(folder);
  if (pid === undefined) return;
  const from = Date.now();
  for (let told = false; serves(pid, folder); await sleep(50)) {
    const waited = Date.now() - from;
    if (waited > 2_000 && !told) {
      process.kill(pid, 'SIGTERM');
      told = true;
    }
    if (waited > 2_000 + stopTimeout)
      throw new Failure(`A Redis of an earlier start does not end: process ${pid}.`);
  }
  rmSync(join(folder, 'redis.pid'), { force: true });
}

async function untilPong(port: number, ended: Promise<string>): Promise<void> {
  let how: string | undefined;
  ended.then((text) => {
    how = text;
  });
  const deadline = Date.now() + startTimeout;
  while (!(await answersPing(port))) {
    if (how !== undefined) throw new Failure(`it ended (${how})`);
    if (Date.now() > deadline) throw new Failure('it does not answer');
    await sleep(25);
  }
}

/** Starts Redis on `port`. `folder` is made when missing. */
export function startRedis(program: RedisProgram, folder: string, port: number): Handle {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(portFile(folder), String(port));
  const log = join(folder, 'redis.log');
  const out = openSync(log, 'a', 0o600);
  // A group of its own: the terminal's Ctrl-C must not end Redis before those who use it.
  const shell = spawn('sh', ['-c', script, 'sh', program.path, ...redisArguments(folder, port)], {
    detached: true,
    stdio: ['pipe', out, out],
  });
  closeSync(out);
  shell.stdin?.on('error', () => {});
  const ended = once(shell, 'exit').then(([code, signal]) => {
    shell.stdin?.destroy();
    return signal ?? `exit code ${code}`;
  });
  const ready = untilPong(port, ended).catch((error: Error) => {
    throw new Failure(`${program.version} did not start: ${error.message}. See ${log}`);
  });
  const kill = () => {
    const pid = pidOf(folder);
    if (pid !== undefined && shell.exitCode === null) process.kill(pid, 'SIGKILL');
  };
  return {
    ready,
    ended,
    async stop() {
      shell.stdin?.end();
      const cap = setTimeout(kill, stopTimeout);
      await ended;
      clearTimeout(cap);
    },
    kill,
  };
}
