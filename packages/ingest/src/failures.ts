import { RedisUnavailable } from '@encke/cluster';
import type { Log } from '@encke/service';
import { Problem, type Purpose, unavailable } from './problem.ts';

/** Milliseconds between two log lines about the same outage. */
const quiet = 5_000;

/** Where an exception becomes an answer, and the only place that logs one. */
export class Failures {
  readonly #log: Log;
  #refused = 0;
  #logged = Number.NEGATIVE_INFINITY;

  constructor(log: Log) {
    this.#log = log;
  }

  /** `ids`: app, user or route, for the log. */
  problem(error: unknown, purpose: Purpose, ids: Record<string, unknown> = {}): Problem {
    if (error instanceof RedisUnavailable) {
      this.#outage();
      return unavailable(error.stored, purpose);
    }
    this.#log.error({ err: error, ...ids }, 'a call failed through a fault of this server');
    return new Problem(500, 'a fault of this server');
  }

  /** An outage refuses thousands of messages a second: one line counts them. */
  #outage(): void {
    this.#refused += 1;
    const now = performance.now();
    if (now - this.#logged < quiet) return;
    this.#log.warn({ refused: this.#refused }, 'Redis is away: messages and calls are refused');
    this.#logged = now;
    this.#refused = 0;
  }
}
