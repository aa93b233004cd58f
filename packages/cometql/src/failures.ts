import type { Log } from '@encke/service';

/** Milliseconds between two log lines about the same outage. */
const quiet = 5_000;

/** The only place that logs what went wrong: with ids, never with a statement. */
export class Failures {
  readonly #log: Log;
  #refused = 0;
  #logged = Number.NEGATIVE_INFINITY;

  constructor(log: Log) {
    this.#log = log;
  }

  /** A bug of ours. `ids`: app or connection. */
  fault(err: unknown, ids: Record<string, unknown>): void {
    this.#log.error({ err, ...ids }, 'a statement failed through a fault of this server');
  }

  /** An outage refuses thousands of statements a second: one line counts them. */
  outage(): void {
    this.#refused += 1;
    const now = performance.now();
    if (now - this.#logged < quiet) return;
    this.#log.warn({ refused: this.#refused }, 'Redis is away: statements are refused');
    this.#logged = now;
    this.#refused = 0;
  }
}
