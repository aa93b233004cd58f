import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { steadyNow } from '@encke/cluster';
import { message, newSession } from './session.fixture.ts';

const start = 1_000_000;

/** A session of the old wire and a clock that the test turns. */
function atTime(t: { mock: { method: typeof import('node:test').mock.method } }) {
  const { session } = newSession('legacy');
  let now = start;
  t.mock.method(performance, 'now', () => now - performance.timeOrigin);
  let seq = 0;
  return {
    session,
    /** Seconds. */
    wait: (seconds: number) => {
      now += seconds * 1000;
    },
    confirmNext() {
      seq += 1;
      session.deliver(message(seq), false);
      session.confirm(seq);
    },
    cursor: () => session.confirmation.cursor(now),
  };
}

test('on encke.v1 the cursor is what was confirmed', () => {
  const { session } = newSession('v1');
  session.deliver(message(1), false);
  session.confirm(1);
  assert.equal(session.confirmation.cursor(steadyNow()), 1);
});

test('[L9] on the old wire the cursor stays 2 to 4 seconds behind what was confirmed', (t) => {
  const page = atTime(t);
  const confirmedAt: number[] = [];
  for (let i = 0; i < 200; i++) {
    page.confirmNext();
    confirmedAt.push(i * 0.1);
    const cursor = page.cursor();
    const age = i * 0.1 - (confirmedAt[cursor - 1] ?? -100);
    assert.ok(age >= 1.9, `after ${i} messages: confirmed ${age} s ago counts as read`);
    if (i > 50) assert.ok(age <= 4.2, `after ${i} messages: ${age} s behind`);
    page.wait(0.1);
  }
});

test('after 2 quiet seconds the cursor is what was confirmed', (t) => {
  const page = atTime(t);
  page.confirmNext();
  assert.equal(page.cursor(), 0);
  page.wait(1.999);
  assert.equal(page.cursor(), 0);
  page.wait(0.001);
  assert.equal(page.cursor(), 1);
});

test('the cursor never goes back', (t) => {
  const page = atTime(t);
  let last = 0;
  for (const pause of [0, 0.5, 7, 7, 1, 1, 1, 3, 0.1, 0.1, 2, 1.9, 1.9, 1.9, 60, 0]) {
    page.wait(pause);
    assert.ok(page.cursor() >= last, `went back from ${last} to ${page.cursor()}`);
    last = page.cursor();
    page.confirmNext();
    assert.ok(page.cursor() >= last, `went back from ${last} to ${page.cursor()}`);
    last = page.cursor();
  }
});

test('Redis is told of the cursor when it has moved, and not with every receipt', (t) => {
  const page = atTime(t);
  assert.equal(page.session.confirmation.toReport(start), undefined);
  page.confirmNext();
  page.wait(2);
  assert.equal(page.session.confirmation.toReport(steadyNow()), 1);
  page.confirmNext();
  page.wait(2.5);
  assert.equal(page.session.confirmation.toReport(steadyNow()), undefined, 'told a moment ago');
  page.wait(1);
  assert.equal(page.session.confirmation.toReport(steadyNow()), 2);
  assert.equal(page.session.confirmation.toReport(steadyNow() + 60_000), undefined, 'nothing new');
});

test('in a stream that is never caught up the time of a confirmed message is known too', () => {
  const { session } = newSession('v1');
  const { confirmation } = session;
  for (let seq = 1; seq <= 100; seq++) {
    session.deliver(message(seq), false);
    if (seq < 20) continue;
    session.confirm(seq - 5);
    const { timed, time } = confirmation;
    assert.ok(timed <= seq - 5 && timed >= seq - 25, `of ${seq - 5}, ${timed} is known`);
    assert.equal(time, message(timed).time);
  }
  session.startAt('other', 7);
  assert.equal(confirmation.timed, 0);
});
