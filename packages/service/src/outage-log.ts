import type { Log } from './log.ts';
import { NowAndThen } from './now-and-then.ts';

/** Milliseconds between two log lines about the same outage. */
const quiet = 5_000;

/** While Redis is away, or takes no writes, thousands of calls are refused a second: one line counts them. */
export class OutageLog {
  readonly #log: Log;
  readonly #text: string;
  readonly #lines = new NowAndThen(quiet);

  constructor(log: Log, text: string) {
    this.#log = log;
    this.#text = text;
  }

  /** One more was refused. */
  refused(why: string): void {
    const refused = this.#lines.due();
    if (refused !== undefined) this.#log.warn({ why, refused }, this.#text);
  }
}
