/** The devices of one virtual user of k6, which are many: a socket is cheap, a virtual user is not. */
import exec from 'k6/execution';
import { setTimeout } from 'k6/timers';
import { signIn } from './app-server.ts';
import { Device, type Handlers } from './device.ts';
import { attached, attachTime, dropped } from './measures.ts';
import { firstUser, vus, wireOf } from './settings.ts';

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(), milliseconds);
  });

/** The share of this virtual user in `all` things, as numbers counted from 0. */
export function share(all: number): number[] {
  const mine: number[] = [];
  for (let n = exec.scenario.iterationInTest; n < all; n += vus) mine.push(n);
  return mine;
}

export const userOf = (n: number): number => firstUser + n;

export function signInAll(count: number): void {
  signIn(Array.from({ length: count }, (_, n) => userOf(n)));
}

/** Connects and counts; false: it was not let in. */
export async function attach(device: Device, gateway: number): Promise<boolean> {
  try {
    attachTime.add(await device.connect(gateway));
    attached.add(true);
    return true;
  } catch (error) {
    console.error(String(error));
    attached.add(false);
    return false;
  }
}

export function newDevice(n: number, handlers: Handlers, channels?: readonly string[]): Device {
  return new Device(
    { wire: wireOf(n), user: userOf(n), ...(channels && { channels }) },
    {
      ...handlers,
      closed(wanted) {
        if (!wanted) dropped.add(1);
        handlers.closed?.(wanted);
      },
    },
  );
}

/** Carries out `work` for each, `atOnce` at a time. */
export async function inTurn<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      next += 1;
      await work(items[next - 1] as T);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

/** Calls `send` at an even pace until the time is over; resolves when the last call has. */
export async function paced(
  perSecond: number,
  seconds: number,
  send: (n: number) => Promise<unknown>,
): Promise<void> {
  const began = Date.now();
  const running: Promise<unknown>[] = [];
  for (let n = 0; n < perSecond * seconds; n += 1) {
    const wait = began + (n * 1000) / perSecond - Date.now();
    if (wait > 0) await pause(wait);
    running.push(send(n));
  }
  await Promise.all(running);
}

/** Resolves when `done` says so, or after as many seconds. */
export async function until(done: () => boolean, seconds: number): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!done() && Date.now() < end) await pause(20);
}
