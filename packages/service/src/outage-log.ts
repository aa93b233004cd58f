import type { Log } from './log.ts';

/** Milliseconds between two log lines about the same outage. */
const quiet = 5_000;

/** While Redis is away, or takes no writes, thousands of calls are refused a second: one line counts them. */
export class OutageLog {
  readonly #log: Log;
  readonly #text: string;
  #refused = 0;
  #logged = Number.NEGATIVE_INFINITY;

  constructor(log: Log, text: string) {
    this.#log = log;
    this.#text = text;
  }

  /** One more was refused. */
  refused(why: string): void {
    this.#refused += 1;
    const now = performance.now();
    if (now - this.#logged < quiet) return;
    this.#log.warn({ why, refused: this.#refused }, this.#text);
    this.#logged = now;
    this.#refused = 0;
  }
}
