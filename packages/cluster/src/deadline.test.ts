import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadlines, TIMEOUT } from './deadline.ts';

/** Milliseconds from now, by a Redis whose clock is `ahead` of ours. */
const left = (deadlines: Deadlines, ahead = 0, partition = 0): number =>
  deadlines.of(partition) - Date.now() - ahead;

test('a deadline lies before the moment at which the caller gives up', () => {
  const deadlines = new Deadlines();
  assert.ok(left(deadlines) > 0);
  assert.ok(left(deadlines) < TIMEOUT);
});

for (const ahead of [3_600_000, -3_600_000]) {
  test(`a Redis clock that is ${ahead} ms ahead is learnt from one quick answer`, () => {
    const deadlines = new Deadlines();
    assert.equal(deadlines.refused(7, Date.now() + ahead, Date.now()), true, 'ask again');
    assert.ok(left(deadlines, ahead, 7) > TIMEOUT / 2);
    assert.ok(left(deadlines, ahead, 7) < TIMEOUT);
  });
}

test('each partition has its own clock', () => {
  const deadlines = new Deadlines();
  deadlines.refused(7, Date.now() + 60_000, Date.now());
  assert.ok(left(deadlines, 0, 8) < TIMEOUT);
});

test('a late run is not taken for a wrong clock', () => {
  const deadlines = new Deadlines();
  const sentAt = Date.now() - 1_900;
  assert.equal(deadlines.refused(0, Date.now(), sentAt), false);
});

test('an answer that took long moves no deadline behind the moment of giving up', () => {
  const deadlines = new Deadlines();
  // Clocks agree; Redis stood still and ran the script only just now.
  deadlines.refused(0, Date.now(), Date.now() - 1_900);
  assert.ok(left(deadlines) < TIMEOUT, `${left(deadlines)} ms`);
  deadlines.refused(0, Date.now(), Date.now() - 60_000);
  assert.ok(left(deadlines) < TIMEOUT, `${left(deadlines)} ms`);
});
