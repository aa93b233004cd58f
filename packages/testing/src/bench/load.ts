/** A process that makes load: devices, or an application server. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { adopt } from '../guard.ts';
import type { orders } from './load-main.ts';

type Orders = typeof orders;
export type Load = {
  readonly [Name in keyof Orders]: (
    order: Parameters<Orders[Name]>[0],
  ) => Promise<Awaited<ReturnType<Orders[Name]>>>;
} & { stop(): void };

/** Compiled, this file is `.js`, and so is the one beside it. */
const main = fileURLToPath(new URL(`load-main${import.meta.url.slice(-3)}`, import.meta.url));

/** Milliseconds. Longer than any order takes; a hanging process ends the benchmark. */
const ORDER_TIMEOUT = 120_000;

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

export function startLoad(): Load {
  const child = fork(main, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const release = adopt(child.pid ?? 0);
  const waiting = new Map<number, (answer: Answer) => void>();
  let counter = 0;
  let ended: string | undefined;
  child.on('message', (answer: Answer) => {
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  child.once('exit', (code, signal) => {
    release();
    ended = `a load process ended (${signal ?? code})`;
    for (const [id, settle] of waiting) settle({ id, error: ended });
  });
  const call =
    <Order, Result>(name: keyof Orders) =>
    (order: Order): Promise<Result> =>
      new Promise((resolve, reject) => {
        const id = counter++;
        if (ended !== undefined) return reject(new Error(ended));
        const timer = setTimeout(() => {
          waiting.delete(id);
          reject(new Error(`${name}: no end within ${ORDER_TIMEOUT / 1000} s`));
        }, ORDER_TIMEOUT);
        waiting.set(id, ({ result, error }) => {
          clearTimeout(timer);
          if (error === undefined) resolve(result as Result);
          else reject(new Error(error));
        });
        child.send({ id, name, order });
      });
  return {
    connect: call('connect'),
    leave: call('leave'),
    watch: call('watch'),
    arrived: call('arrived'),
    setHashes: call('setHashes'),
    send: call('send'),
    pace: call('pace'),
    sendSql: call('sendSql'),
    subscribe: call('subscribe'),
    unsubscribe: call('unsubscribe'),
    broadcast: call('broadcast'),
    stop: () => void child.kill('SIGKILL'),
  };
}
