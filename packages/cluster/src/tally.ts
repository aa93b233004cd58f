/** Adds what this process accepted to the installation's count: once a second, not once a message. */
import type { Context } from './context.ts';
import { RedisUnavailable } from './unavailable.ts';

/** Milliseconds. */
const INTERVAL = 1_000;

export class Tally {
  readonly #context: Context;
  readonly #timer: NodeJS.Timeout;
  #reported = 0;
  #busy: Promise<void> | undefined;

  constructor(context: Context) {
    this.#context = context;
    this.#timer = setInterval(() => void this.report(), INTERVAL).unref();
  }

  /** Never rejects: what Redis did not take is added the next time. */
  report(): Promise<void> {
    this.#busy ??= this.#add().finally(() => {
      this.#busy = undefined;
    });
    return this.#busy;
  }

  async #add(): Promise<void> {
    const { commands, keys, stats } = this.#context;
    const accepted = stats.appended + stats.published;
    const fresh = accepted - this.#reported;
    if (fresh === 0) return;
    this.#reported = accepted;
    try {
      await commands.send(['incrby', keys.accepted, fresh]);
    } catch (error) {
      // Where it is not known whether it was added, too few is better than too many.
      if (!(error instanceof RedisUnavailable) || error.stored === 'no') this.#reported -= fresh;
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#busy;
    await this.report();
  }
}
