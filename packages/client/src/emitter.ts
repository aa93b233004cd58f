import type { Handler, ListenOptions, Unsubscribe } from './events.ts';

/** A fault in the app's own code: shown where an uncaught exception would be, without stopping us. */
export function report(error: unknown): void {
  (globalThis.reportError ?? console.error)(error);
}

/** Runs one handler of the app; nothing it does can throw into the client. */
export function run<T>(handler: Handler<T>, value: T): void {
  try {
    const result = handler(value);
    if (result instanceof Promise) result.catch(report);
  } catch (error) {
    report(error);
  }
}

export class Emitter<Events extends object> {
  private readonly entries = new Map<keyof Events, Set<{ handler: Handler<never> }>>();
  private readonly changed: (() => void) | undefined;

  /** `changed`: a handler came or left. */
  constructor(changed?: () => void) {
    this.changed = changed;
  }

  on<K extends keyof Events>(
    name: K,
    handler: Handler<Events[K]>,
    { signal }: ListenOptions = {},
  ): Unsubscribe {
    const set = this.entries.get(name) ?? new Set();
    this.entries.set(name, set);
    // An entry of its own: the same function registered twice runs twice and is removed one by one.
    const entry = { handler };
    const leave = () => {
      set.delete(entry);
      signal?.removeEventListener('abort', leave);
      this.changed?.();
    };
    if (!signal?.aborted) {
      set.add(entry);
      signal?.addEventListener('abort', leave);
      this.changed?.();
    }
    return leave;
  }

  /** How many handlers there are for all events. */
  get size(): number {
    let size = 0;
    for (const set of this.entries.values()) size += set.size;
    return size;
  }

  /** Whether there was anybody to hear it. */
  emit<K extends keyof Events>(name: K, value: Events[K]): boolean {
    const set = this.entries.get(name);
    if (!set?.size) return false;
    // A copy, so that a handler may subscribe; asked again, so that one that was just removed stays silent.
    for (const entry of [...set])
      if (set.has(entry)) run(entry.handler as Handler<Events[K]>, value);
    return true;
  }
}
