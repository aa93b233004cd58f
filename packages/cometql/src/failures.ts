import { type Log, OutageLog } from '@encke/service';

/** The only place that logs what went wrong: with ids, never with a statement. */
export class Failures {
  readonly #log: Log;
  readonly #outages: OutageLog;

  constructor(log: Log) {
    this.#log = log;
    this.#outages = new OutageLog(log, 'statements are refused');
  }

  /** A bug of ours. `ids`: app or connection. */
  fault(err: unknown, ids: Record<string, unknown>): void {
    this.#log.error({ err, ...ids }, 'a statement failed through a fault of this server');
  }

  /** A statement was refused because Redis is away, or takes no writes. */
  outage(why = 'Redis is away'): void {
    this.#outages.refused(why);
  }
}
