import { RedisUnavailable } from '@encke/cluster';
import { unavailable } from '../faults.ts';
import type { SqlFault } from '../outcome.ts';

/** Rows that go to Redis at once. What is beyond them waits for its answers: a long statement must not outlast the deadline. */
const share = 1_000;

/**
 * Starts `act` on all of `items` in this turn of the event loop, so that they share their round trip, and in their order.
 * @returns what came of each; when Redis was away for any, a fault that says what is known.
 */
export async function carryOut<Item, Result>(
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[] | SqlFault> {
  const results: Result[] = [];
  for (let i = 0; i < items.length; i += share) {
    let unknown = false;
    let refused = 0;
    const outcomes = await Promise.allSettled(items.slice(i, i + share).map(act));
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') results.push(outcome.value);
      else {
        if (!(outcome.reason instanceof RedisUnavailable)) throw outcome.reason;
        refused += 1;
        unknown ||= outcome.reason.stored === 'unknown';
      }
    }
    if (unknown) return unavailable('unknown');
    if (refused > 0) return outage(results.length);
  }
  return results;
}

function outage(done: number): SqlFault {
  if (done === 0) return unavailable('no');
  return unavailable('no', 'a part of the statement was carried out, the rest was not');
}
