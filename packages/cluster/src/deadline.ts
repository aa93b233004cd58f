/**
 * When a script must have run, by the clock of the Redis server that runs it. Redis executes what reached it before it
 * froze; with a deadline in the script that late run does nothing, so what was answered with an error is not stored
 * behind the caller's back. (An answer that was lost on the way is another matter: then nobody can know.)
 *
 * Our side goes by the steady clock: were the machine's clock set back, scripts would be refused as too late; were it set
 * ahead, late ones would run.
 */
import { steadyNow } from './clock.ts';
import { PARTITIONS } from './keys.ts';

/** Milliseconds until an answer counts as missing, unless the process says otherwise. */
export const TIMEOUT = 2_000;
/** Milliseconds before the caller gives up at which a script must have started. */
const MARGIN = 200;

/** Milliseconds: an answer this quick tells the other clock well enough. */
const QUICK = 50;

export class Deadlines {
  /** Redis clock minus ours (ms) by partition; in a Cluster each partition may live on another clock. */
  readonly #offsets = new Float64Array(PARTITIONS);
  readonly #timeout: number;

  constructor(timeout = TIMEOUT) {
    this.#timeout = timeout;
  }

  of(partition: number): number {
    return Math.round(steadyNow() + this.#timeout - MARGIN + (this.#offsets[partition] ?? 0));
  }

  /** Before the first command: were the clocks learnt from refusals only, the first messages could be overtaken. */
  start(redisNow: number, sentAt: number): void {
    const elapsed = steadyNow() - sentAt;
    if (elapsed <= 2 * MARGIN) this.#offsets.fill(redisNow - (sentAt + elapsed / 2));
  }

  /** Every answer tells the clock of its server; one that took long tells it badly. */
  observe(partition: number, redisNow: number, sentAt: number): void {
    const elapsed = steadyNow() - sentAt;
    if (elapsed <= QUICK) this.#offsets[partition] = redisNow - (sentAt + elapsed / 2);
  }

  /**
   * A script refused to run.
   * @returns true when that was due to the clocks, not to a late run: ask again.
   */
  refused(partition: number, redisNow: number, sentAt: number): boolean {
    const elapsed = steadyNow() - sentAt;
    // Half of it is how wrong the clock may be read, which must not outgrow the margin.
    if (elapsed >= 2 * MARGIN) return false;
    this.#offsets[partition] = redisNow - (sentAt + elapsed / 2);
    return true;
  }
}
