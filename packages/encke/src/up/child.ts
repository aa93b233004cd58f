/** A process of ours as a child with IPC: it says when it listens, and ends itself when this process is gone. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Env } from '../api-key.ts';
import { Failure } from '../failure.ts';
import type { Handle } from './keeper.ts';

export interface ChildOptions {
  readonly name: string;
  /** The file and arguments to fork. */
  readonly entry: string;
  readonly args: readonly string[];
  readonly env: Env;
  /** Seconds it may take to end after SIGTERM. */
  readonly patience: number;
}

export function forkChild({ name, entry, args, env, patience }: ChildOptions): Handle {
  const child = fork(entry, [...args], {
    env: { ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit').then(([code, signal]) => signal ?? `exit code ${code}`);
  const ready = new Promise<void>((resolve, reject) => {
    child.on('message', (message: { type?: string }) => {
      if (message.type === 'listening') resolve();
    });
    ended.then((how) => reject(new Failure(`${name} did not start (${how}).`)), reject);
  });
  return {
    ready,
    ended,
    async stop() {
      child.kill('SIGTERM');
      const cap = setTimeout(() => child.kill('SIGKILL'), patience * 1000);
      await ended;
      clearTimeout(cap);
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
