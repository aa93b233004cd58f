/** For tests: the exclusive locks of the Web Locks API, in the memory of one process. Node.js 20 has none. */

interface Held {
  /** Its request is rejected. */
  lose(): void;
}

type Callback = (lock: { name: string } | null) => unknown;
type Options = { signal?: AbortSignal; steal?: boolean; ifAvailable?: boolean };

const aborted = () => new DOMException('The request was aborted.', 'AbortError');

export class MemoryLocks {
  private readonly held = new Map<string, Held>();
  private readonly queues = new Map<string, (() => void)[]>();

  /** Callbacks run in a task of their own, as in a page. */
  request(name: string, ...rest: [Callback] | [Options, Callback]): Promise<unknown> {
    const [options, callback] = rest.length === 1 ? [{}, rest[0]] : rest;
    const { signal, steal, ifAvailable } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw aborted();
      const queue = this.queues.get(name) ?? [];
      this.queues.set(name, queue);
      const abort = () => {
        queue.splice(queue.indexOf(grant), 1);
        reject(aborted());
      };
      const grant = () => {
        signal?.removeEventListener('abort', abort);
        // After its callback, whose task is waiting already.
        const held: Held = { lose: () => void setImmediate(() => reject(aborted())) };
        this.held.set(name, held);
        setImmediate(async () => {
          try {
            resolve(await callback({ name }));
          } catch (error) {
            reject(error);
          }
          if (this.held.get(name) !== held) return;
          this.held.delete(name);
          queue.shift()?.();
        });
      };
      const holder = this.held.get(name);
      if (steal) {
        holder?.lose();
        grant();
      } else if (!holder) grant();
      else if (ifAvailable) resolve(callback(null));
      else {
        signal?.addEventListener('abort', abort, { once: true });
        queue.push(grant);
      }
    });
  }

  async query(): Promise<{ held: { name: string }[] }> {
    return { held: this.names.map((name) => ({ name })) };
  }

  /** Of the locks that are held. */
  get names(): string[] {
    return [...this.held.keys()];
  }

  /** How many wait for this lock. */
  waiting(name: string): number {
    return this.queues.get(name)?.length ?? 0;
  }
}

/** Gives `navigator.locks` to a test; returns how to undo that. */
export function installLocks(locks: MemoryLocks): () => void {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { locks }, configurable: true });
  return () => {
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    else Reflect.deleteProperty(globalThis, 'navigator');
  };
}

/** Repeats `check` until it does not throw. */
export async function until(check: () => void): Promise<void> {
  const end = performance.now() + 20_000;
  for (;;) {
    try {
      check();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
