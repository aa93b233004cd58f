/**
 * When a command must have run, by the clock of the Redis server that runs it. Redis executes what reached it before it
 * froze; with a deadline in the script that late run does nothing, so "no answer in time" means "nothing stored".
 */
import { TIMEOUT } from './commands.ts';
import { PARTITIONS } from './keys.ts';

/** Milliseconds before the caller gives up at which a script must have started. */
const MARGIN = 200;

export class Deadlines {
  /** Redis clock minus ours (ms) by partition; in a Cluster each partition may live on another clock. */
  readonly #offsets = new Float64Array(PARTITIONS);

  of(partition: number): number {
    return Math.round(Date.now() + TIMEOUT - MARGIN + (this.#offsets[partition] ?? 0));
  }

  /**
   * Learns from an answer that came in time.
   * @returns true when a refusal was due to the clocks, not to a late run: ask again.
   */
  learn(partition: number, redisNow: number, sentAt: number): boolean {
    const elapsed = Date.now() - sentAt;
    this.#offsets[partition] = redisNow - (sentAt + elapsed / 2);
    return elapsed < TIMEOUT / 2;
  }
}
