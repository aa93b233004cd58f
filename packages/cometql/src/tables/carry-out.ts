import { RedisUnavailable } from '@encke/cluster';
import type { Caller } from '../caller.ts';
import { unavailable } from '../faults.ts';
import type { SqlFault } from '../outcome.ts';

/** Rows that go to Redis at once. What is beyond them waits for its answers: a long statement must not outlast the deadline. */
const share = 1_000;

/** The last statement of a caller that went in several shares: what he says next comes behind it. */
const longest = new WeakMap<Caller, Promise<unknown>>();

/**
 * Starts `act` on all of `items` in this turn of the event loop, so that they share their round trip, and in their order.
 * @returns what came of each; when Redis was away for any, a fault that says what is known.
 */
export function carryOut<Item, Result>(
  caller: Caller,
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[] | SqlFault> {
  const before = longest.get(caller);
  if (before === undefined && items.length <= share) return inShares(items, act);
  const after = () => inShares(items, act);
  const turn = before === undefined ? after() : before.then(after, after);
  longest.set(caller, turn);
  const done = (): void => {
    if (longest.get(caller) === turn) longest.delete(caller);
  };
  turn.then(done, done);
  return turn;
}

async function inShares<Item, Result>(
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[] | SqlFault> {
  const results: Result[] = [];
  for (let i = 0; i < items.length; i += share) {
    let unknown = false;
    let why = '';
    let refused = 0;
    const outcomes = await Promise.allSettled(items.slice(i, i + share).map(act));
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') results.push(outcome.value);
      else {
        if (!(outcome.reason instanceof RedisUnavailable)) throw outcome.reason;
        refused += 1;
        unknown ||= outcome.reason.stored === 'unknown';
        why = outcome.reason.message;
      }
    }
    if (unknown) return unavailable('unknown', why);
    if (refused > 0) return outage(results.length, why);
  }
  return results;
}

function outage(done: number, why: string): SqlFault {
  if (done === 0) return unavailable('no', why);
  return unavailable('no', why, 'a part of the statement was carried out, the rest was not');
}
