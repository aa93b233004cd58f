import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from './backoff.ts';

test('waits are drawn from zero to a limit that doubles up to the cap', () => {
  const longest = new Backoff({ base: 300, cap: 15_000 }, () => 1);
  const limits = Array.from({ length: 9 }, () => longest.next());
  assert.deepEqual(limits, [300, 600, 1200, 2400, 4800, 9600, 15_000, 15_000, 15_000]);
  const shortest = new Backoff({}, () => 0);
  assert.deepEqual([shortest.next(), shortest.next()], [0, 0]);
});

test('real waits stay within their bounds and differ', () => {
  const waits = new Set<number>();
  for (let i = 0; i < 200; i += 1) {
    const backoff = new Backoff();
    for (const limit of [300, 600, 1200]) {
      const wait = backoff.next();
      assert.ok(wait >= 0 && wait < limit, `${wait} of ${limit}`);
      waits.add(wait);
    }
  }
  assert.ok(waits.size > 500);
});

test('a reset makes the waits short again', () => {
  const backoff = new Backoff({}, () => 1);
  backoff.next();
  backoff.next();
  backoff.reset();
  assert.equal(backoff.next(), 300);
});
