import { RedisUnavailable } from '@encke/cluster';
import { type Log, OutageLog } from '@encke/service';
import { Problem, type Purpose, unavailable } from './problem.ts';

/** Where an exception becomes an answer, and the only place that logs one. */
export class Failures {
  readonly #log: Log;
  readonly #outages: OutageLog;

  constructor(log: Log) {
    this.#log = log;
    this.#outages = new OutageLog(log, 'messages and calls are refused');
  }

  /** `ids`: app, user or route, for the log. */
  problem(error: unknown, purpose: Purpose, ids: Record<string, unknown> = {}): Problem {
    if (error instanceof RedisUnavailable) {
      this.#outages.refused(error.message);
      return unavailable(error.stored, purpose);
    }
    this.#log.error({ err: error, ...ids }, 'a call failed through a fault of this server');
    return new Problem(500, 'a fault of this server');
  }
}
