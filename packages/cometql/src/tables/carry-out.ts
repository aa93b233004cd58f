import { RedisUnavailable } from '@encke/cluster';
import type { Caller } from '../caller.ts';
import { unavailable } from '../faults.ts';
import type { SqlFault } from '../outcome.ts';

/**
 * Rows, and characters in them, that go to Redis at once. What is beyond them waits for its answers: a long statement
 * must not outlast the deadline.
 */
const most = 1_000;
const mostCharacters = 1_048_576;

/** The last statement of a caller that went in several shares: what he says next comes behind it. */
const longest = new WeakMap<Caller, Promise<unknown>>();

/**
 * Starts `act` on all of `items` in this turn of the event loop, so that they share their round trip, and in their order.
 * `size`: about how many characters one takes.
 * @returns what came of each; when Redis was away for any, a fault that says what is known.
 */
export function carryOut<Item, Result>(
  caller: Caller,
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
  size: (item: Item) => number = () => 0,
): Promise<Result[] | SqlFault> {
  const before = longest.get(caller);
  const shares = sharesOf(items, size);
  if (before === undefined && shares.length <= 1) return inShares(shares, act);
  const after = () => inShares(shares, act);
  const turn = before === undefined ? after() : before.then(after, after);
  longest.set(caller, turn);
  const done = (): void => {
    if (longest.get(caller) === turn) longest.delete(caller);
  };
  turn.then(done, done);
  return turn;
}

function sharesOf<Item>(items: readonly Item[], size: (item: Item) => number): Item[][] {
  const shares: Item[][] = [];
  let share: Item[] = [];
  let characters = 0;
  for (const item of items) {
    const more = size(item);
    if (share.length === most || (share.length > 0 && characters + more > mostCharacters)) {
      shares.push(share);
      share = [];
      characters = 0;
    }
    share.push(item);
    characters += more;
  }
  if (share.length > 0) shares.push(share);
  return shares;
}

async function inShares<Item, Result>(
  shares: readonly (readonly Item[])[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[] | SqlFault> {
  const results: Result[] = [];
  for (const share of shares) {
    let unknown = false;
    let why = '';
    let refused = 0;
    const outcomes = await Promise.allSettled(share.map(act));
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
