import { setTimeout as pause } from 'node:timers/promises';

export interface Patience {
  /** Milliseconds until the last failure is thrown. */
  readonly timeout?: number;
  /** Milliseconds between two tries. */
  readonly every?: number;
}

/** Repeats `fn` until it does not throw and returns what it returned. Tests wait with this, never with a sleep. */
export async function eventually<T>(
  fn: () => T | Promise<T>,
  { timeout = 10_000, every = 20 }: Patience = {},
): Promise<T> {
  const end = performance.now() + timeout;
  for (;;) {
    try {
      return await fn();
    } catch (error) {
      if (performance.now() > end) throw error;
      await pause(every);
    }
  }
}

/** Rejects with `what` when `promise` takes longer than `timeout` milliseconds. */
export async function within<T>(promise: Promise<T>, what: string, timeout = 10_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${timeout} ms`)), timeout);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
