import { steadyNow } from '@encke/cluster';

export interface Spoke {
  /** Looks after itself. @returns milliseconds until the next look, or 0 for never again. */
  look(now: number): number;
}

/** One timer for all sessions: each lies in the slot in which it wants to be looked at next. */
export class Wheel<T extends Spoke> {
  readonly #slots: T[][];
  readonly #grain: number;
  #at = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `grain`: milliseconds a slot; `span`: the longest wait, in milliseconds. */
  constructor(grain: number, span: number) {
    this.#grain = grain;
    this.#slots = Array.from({ length: Math.ceil(span / grain) + 2 }, () => []);
  }

  start(): void {
    this.#timer = setInterval(() => this.#turn(), this.#grain);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Looks at `spoke` after about `wait` milliseconds, never before. */
  add(spoke: T, wait: number): void {
    const steps = Math.min(Math.ceil(wait / this.#grain) + 1, this.#slots.length - 1);
    (this.#slots[(this.#at + steps) % this.#slots.length] as T[]).push(spoke);
  }

  #turn(): void {
    this.#at = (this.#at + 1) % this.#slots.length;
    const due = this.#slots[this.#at] as T[];
    if (due.length === 0) return;
    this.#slots[this.#at] = [];
    const now = steadyNow();
    for (const spoke of due) {
      const wait = spoke.look(now);
      if (wait > 0) this.add(spoke, wait);
    }
  }
}
