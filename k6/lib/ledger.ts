/** What was accepted, and what arrived of it, in which order. */
import { arrived, latency, ordered } from './measures.ts';

/** What a message of a load test holds. */
export interface Note {
  /** Counted from 1 for each user. */
  readonly n: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export class Ledger {
  readonly #waiting = new Map<number, number>();
  #highest = 0;
  #early = new Set<number>();

  /** Ingest has accepted it, perhaps after it arrived. */
  accepted(n: number): void {
    if (!this.#early.delete(n)) this.#waiting.set(n, n);
  }

  /** `timed`: it was sent live, so the time means something. */
  received({ n, at }: Note, timed: boolean): void {
    if (!this.#waiting.delete(n)) this.#early.add(n);
    arrived.add(true);
    ordered.add(n > this.#highest);
    this.#highest = Math.max(n, this.#highest);
    if (timed) latency.add(Date.now() - at);
  }

  get complete(): boolean {
    return this.#waiting.size === 0;
  }

  /** At the end: what has not come is lost. */
  close(): void {
    for (const _ of this.#waiting) arrived.add(false);
    this.#waiting.clear();
  }
}
