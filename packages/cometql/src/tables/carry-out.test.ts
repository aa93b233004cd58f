import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as othersTurn } from 'node:timers/promises';
import { RedisUnavailable } from '@encke/cluster';
import type { Caller } from '../caller.ts';
import { isSqlFault } from '../outcome.ts';
import { carryOut } from './carry-out.ts';

const newCaller = (): Caller => ({}) as Caller;
const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

/** The outcome for `length` items when Redis goes away at the item `from`. */
async function away(length: number, from: number, stored: 'no' | 'unknown'): Promise<string> {
  const outcome = await carryOut(newCaller(), range(length), async (i) => {
    if (i >= from) throw new RedisUnavailable(stored, 'a test');
  });
  return isSqlFault(outcome) ? `${outcome.errno} ${outcome.message}` : 'carried out';
}

test('what is known of a statement that Redis did not carry out is said', async () => {
  const [none, some] = [
    'the statement was not carried out',
    'a part of the statement was carried out',
  ];
  const unknown = 'it is not known whether the statement was carried out';
  assert.equal(await away(3, 0, 'no'), `1205 Redis is away: ${none}`);
  assert.equal(await away(3, 1, 'no'), `1205 Redis is away: ${some}, the rest was not`);
  assert.equal(await away(2_500, 1_000, 'no'), `1205 Redis is away: ${some}, the rest was not`);
  assert.equal(await away(2_500, 2_000, 'unknown'), `1205 Redis is away: ${unknown}`);
  assert.equal(await away(2_500, 2_500, 'no'), 'carried out');
});

test('nothing is begun behind what failed', async () => {
  const begun: number[] = [];
  await carryOut(newCaller(), range(5_000), async (i) => {
    begun.push(i);
    if (i === 1_500) throw new RedisUnavailable('no', 'a test');
  });
  assert.deepEqual(begun, range(2_000));
});

test('of large rows fewer go to Redis at once, and of the largest one', async () => {
  const sizes = [600_000, 400_000, 60_000, 2_000_000, 1, 2];
  const shares: number[][] = [];
  let share: number[] | undefined;
  const act = async (size: number) => {
    if (share === undefined) {
      share = [];
      shares.push(share);
    }
    share.push(size);
    await othersTurn();
    share = undefined;
  };
  await carryOut(newCaller(), sizes, act, (size) => size);
  assert.deepEqual(shares, [[600_000, 400_000], [60_000], [2_000_000], [1, 2]]);
});

test('a short statement begins at once, and one behind a long one waits for it', async () => {
  const begun: string[] = [];
  const caller = newCaller();
  const statement = (name: string, length: number) =>
    carryOut(caller, range(length), async (i) => begun.push(`${name} ${i}`));
  const short = statement('a', 2);
  assert.deepEqual(begun, ['a 0', 'a 1']);
  const long = statement('b', 1_001);
  const last = statement('c', 1);
  await Promise.all([short, long, last]);
  assert.deepEqual(begun.slice(-2), ['b 1000', 'c 0']);
  const next = statement('d', 1);
  assert.equal(begun.at(-1), 'd 0');
  await next;
});

test('a bug is no outage', async () => {
  const act = async () => {
    throw new TypeError('a bug');
  };
  await assert.rejects(carryOut(newCaller(), [1], act), TypeError);
});
