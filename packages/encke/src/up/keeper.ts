/** Keeps something running that may die: starts it again, later and later while it dies at once. */

export interface Handle {
  /** Resolves when it can be used; rejects when it ended before. */
  readonly ready: Promise<unknown>;
  /** Resolves when it has ended, with how: `exit code 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
  /** Ends it in order. Resolves when it has ended. */
  stop(): Promise<void>;
  /** Ends it at once. */
  kill(): void;
}

/** Milliseconds. */
const firstDelay = 300;
const lastDelay = 10_000;
/** It has lived this long: its next death is a new story. */
const steady = 30_000;

export class Keeper {
  readonly #name: string;
  readonly #start: () => Handle;
  readonly #say: (text: string) => void;
  #handle: Handle;
  #timer: NodeJS.Timeout | undefined;
  #delay = firstDelay;
  #stopping = false;
  /** Of the first start: rejects when that fails, and then it is not started again. */
  readonly ready: Promise<unknown>;

  constructor(name: string, start: () => Handle, say: (text: string) => void) {
    this.#name = name;
    this.#start = start;
    this.#say = say;
    this.#handle = start();
    this.ready = this.#handle.ready.then((value) => {
      this.#watch(Date.now());
      return value;
    });
    // Whoever awaits it later sees the failure; until then it is not an unhandled one.
    this.ready.catch(() => {});
  }

  #watch(since: number): void {
    this.#handle.ready.catch(() => {});
    this.#handle.ended.then((how) => {
      if (this.#stopping) return;
      if (Date.now() - since > steady) this.#delay = firstDelay;
      this.#say(`${this.#name} died (${how}); starting it again in ${this.#delay / 1000} s`);
      this.#timer = setTimeout(() => {
        this.#handle = this.#start();
        this.#watch(Date.now());
      }, this.#delay);
      this.#delay = Math.min(this.#delay * 2, lastDelay);
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    await this.#handle.stop();
  }

  kill(): void {
    this.#handle.kill();
  }
}
