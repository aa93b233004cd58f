import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { RoamingDevice } from '@encke/testing';
import type { Ledger } from './ledger.ts';
import type { Person } from './stage.ts';

interface Stream {
  /** Messages in all. */
  readonly messages: number;
  /** Items of one batch; 1 sends them one by one. */
  readonly batch?: number;
  /** Called after every batch with the messages accepted so far. */
  readonly at?: (accepted: number) => Promise<void> | void;
}

/** Sends to the people in turn, two batches in flight at a time. */
export async function stream(
  ledger: Ledger,
  people: readonly Person[],
  { messages, batch = 100, at }: Stream,
): Promise<void> {
  let next = 0;
  let accepted = 0;
  const run = async () => {
    while (next < messages) {
      const size = Math.min(batch, messages - next);
      const orders = Array.from({ length: size }, (_, i) => {
        const { user } = people[(next + i) % people.length] as Person;
        return { user, event: 'tick', data: { n: next + i } };
      });
      next += size;
      await ledger.sendMany(orders);
      accepted += size;
      await at?.(accepted);
    }
  };
  await Promise.all([run(), run()]);
}

/** Does `act` once, as soon as that many messages have been accepted. */
export function once(count: number, act: () => Promise<void> | void): (n: number) => Promise<void> {
  let done = false;
  return async (accepted) => {
    if (done || accepted < count) return;
    done = true;
    await act();
  };
}

/** Fails when a device lost its socket; says how. */
export function checkSocketsStayed(devices: readonly RoamingDevice[]): void {
  const closes = devices.flatMap((device) =>
    device.closes.map(({ code, reason }) => `${device.wire} ${code} ${reason}`),
  );
  assert.deepEqual(closes, [], 'sockets stay');
}

export const total = (devices: readonly RoamingDevice[], of: (device: RoamingDevice) => number) =>
  devices.reduce((sum, device) => sum + of(device), 0);

/** Sends ten messages every 20 ms until `stop()`, which resolves when the last one is accepted. */
export function flow(ledger: Ledger, people: readonly Person[]): { stop(): Promise<void> } {
  let stopped = false;
  let n = 0;
  const run = async () => {
    while (!stopped) {
      const orders = Array.from({ length: 10 }, () => {
        n += 1;
        const { user } = people[n % people.length] as Person;
        return { user, event: 'tick', data: { n } };
      });
      await ledger.sendMany(orders);
      await pause(20);
    }
  };
  const running = run();
  // Whoever calls stop() gets the failure; until then it must not count as unhandled.
  running.catch(() => {});
  return {
    stop() {
      stopped = true;
      return running;
    },
  };
}
