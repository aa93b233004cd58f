import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Where free ports are looked for: below those that the system gives to outgoing connections (on Linux 32768 and up), any of
 * which might take one before its server does, and above those that browsers refuse.
 */
const FIRST_PORT = 11_000;
const END_PORT = 32_768;

/** A loopback TCP port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, END_PORT);
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue;
      throw error;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}

const pids = new Set<number>();
const folders = new Set<string>();

process.once('exit', () => {
  for (const pid of pids) signal(pid, 'SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
// Without a listener these signals skip the exit handler, and the children would stay.
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
  process.once(name, () => process.exit(1));

/** The process is killed when this one exits; the returned function ends that. */
export function adopt(pid: number): () => void {
  pids.add(pid);
  return () => pids.delete(pid);
}

/** A new folder, which is gone at the latest when this process exits. */
export function temporaryFolder(prefix: string): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), prefix));
  folders.add(path);
  return {
    path,
    remove() {
      folders.delete(path);
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Sends a signal to one process; false: there is no such process any more. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

export interface Guarded {
  readonly pid: number;
  /** SIGKILL, resolved when the process is gone. */
  kill(): Promise<void>;
}

/**
 * Starts a program that knows nothing of us and must not outlive us. An exit handler does not run
 * when a test is SIGKILLed, so a shell waits on our pipe and kills the program when the pipe closes.
 */
export async function spawnGuarded(command: string, args: readonly string[]): Promise<Guarded> {
  const script =
    '"$@" </dev/null >/dev/null 2>&1 & p=$!; echo $p; read _; kill -9 $p 2>/dev/null; wait $p';
  const shell = spawn('/bin/sh', ['-c', script, 'sh', command, ...args], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const exited = once(shell, 'exit');
  const [line] = (await once(shell.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  const release = adopt(pid);
  return {
    pid,
    async kill() {
      shell.stdin.end();
      await exited;
      release();
    },
  };
}
