import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Spoke, Wheel } from './wheel.ts';

const grain = 20;

/** Looks that take place until `done`, each with the milliseconds since it was asked for. */
function spoke(waits: number[]): Spoke & { looks: number[]; done: Promise<void> } {
  let asked = performance.now();
  let finish = (): void => {};
  const looks: number[] = [];
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return {
    looks,
    done,
    look: () => {
      looks.push(performance.now() - asked);
      asked = performance.now();
      const next = waits.shift() ?? 0;
      if (next === 0) finish();
      return next;
    },
  };
}

test('a look is never early and not much late', async () => {
  // One that missed its slot would come a whole turn later.
  const wheel = new Wheel<Spoke>(grain, 10_000);
  wheel.start();
  try {
    const waits = [0, 1, 19, 20, 21, 39, 40, 41, 99, 100, 250, 400];
    const spokes = waits.map((wait) => ({ wait, one: spoke([]) }));
    for (const { wait, one } of spokes) wheel.add(one, wait);
    await Promise.all(spokes.map(({ one }) => one.done));
    for (const { wait, one } of spokes) {
      const [after = 0] = one.looks;
      // A timer of Node counts whole milliseconds.
      assert.ok(after >= wait - 1, `asked for ${wait}, came after ${after}`);
      assert.ok(after <= wait + 5_000, `asked for ${wait}, came after ${after}`);
    }
  } finally {
    wheel.stop();
  }
});

test('a spoke says itself when the next look is, and 0 is never', async () => {
  const wheel = new Wheel<Spoke>(grain, 400);
  wheel.start();
  try {
    const often = spoke([30, 60, 90]);
    const once = spoke([]);
    wheel.add(once, 10);
    wheel.add(often, 10);
    await often.done;
    assert.equal(often.looks.length, 4);
    for (const [i, wait] of [10, 30, 60, 90].entries()) {
      assert.ok((often.looks[i] as number) >= wait - 1, `look ${i} after ${often.looks[i]}`);
    }
    assert.equal(once.looks.length, 1);
  } finally {
    wheel.stop();
  }
});

test('a wait beyond the span is cut to the span: the spoke is asked again', async () => {
  const wheel = new Wheel<Spoke>(grain, 60);
  wheel.start();
  try {
    const one = spoke([]);
    wheel.add(one, 100_000);
    await one.done;
    assert.ok((one.looks[0] as number) >= 59);
  } finally {
    wheel.stop();
  }
});

test('a spoke added by a look is looked at later, not in the same turn', async () => {
  const wheel = new Wheel<Spoke>(grain, 400);
  wheel.start();
  try {
    const second = spoke([]);
    const looks: number[] = [];
    wheel.add(
      {
        look: () => {
          wheel.add(second, 0);
          // When this turn is over.
          queueMicrotask(() => looks.push(second.looks.length));
          return 0;
        },
      },
      0,
    );
    await second.done;
    assert.deepEqual(looks, [0]);
  } finally {
    wheel.stop();
  }
});

test('the clock that looks are told never steps back', async (t) => {
  const wheel = new Wheel<Spoke>(grain, 400);
  const times: number[] = [];
  let back = 0;
  const real = Date.now.bind(Date);
  t.mock.method(Date, 'now', () => real() - back);
  wheel.start();
  try {
    await new Promise<void>((resolve) => {
      wheel.add(
        {
          look: (now) => {
            times.push(now);
            // Somebody sets the clock of this machine back by an hour.
            back = 3_600_000;
            if (times.length === 2) resolve();
            return times.length === 2 ? 0 : 20;
          },
        },
        0,
      );
    });
    const [first = 0, second = 0] = times;
    assert.ok(second >= first, `${second - first} ms later`);
  } finally {
    wheel.stop();
  }
});
