import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { type Handle, Keeper } from './keeper.ts';

/** Lives until the test lets it die. */
class Life implements Handle {
  readonly ready: Promise<void>;
  readonly ended: Promise<string>;
  die: (how: string) => void = () => {};

  constructor(startFails: boolean) {
    this.ended = new Promise((resolve) => {
      this.die = resolve;
    });
    this.ready = startFails ? Promise.reject(new Error('did not start')) : Promise.resolve();
  }

  async stop() {
    this.die('stopped');
  }

  kill() {
    this.die('SIGKILL');
  }
}

function kept(startFails = false) {
  const lives: Life[] = [];
  const said: string[] = [];
  const start = () => {
    const life = new Life(startFails);
    lives.push(life);
    return life;
  };
  const keeper = new Keeper('gateway-1', start, (text) => said.push(text));
  return { keeper, lives, said };
}

/** Lets what is resolved be noticed; the clock stands still meanwhile. */
const settle = async () => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};

test('what dies is started again, later and later, and soon again once it has lived', async (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  t.after(() => mock.timers.reset());
  const { keeper, lives, said } = kept();
  await keeper.ready;
  const delays = [300, 600, 1200, 2400, 4800, 9600, 10_000, 10_000];
  for (const [i, delay] of delays.entries()) {
    lives[i]?.die('SIGKILL');
    await settle();
    assert.equal(said.at(-1), `gateway-1 died (SIGKILL); starting it again in ${delay / 1000} s`);
    mock.timers.tick(delay - 1);
    assert.equal(lives.length, i + 1);
    mock.timers.tick(1);
    assert.equal(lives.length, i + 2);
  }
  mock.timers.tick(30_001);
  lives.at(-1)?.die('exit code 1');
  await settle();
  assert.match(said.at(-1) ?? '', /\(exit code 1\); starting it again in 0\.3 s$/);
  await keeper.stop();
  mock.timers.tick(60_000);
  assert.equal(lives.length, delays.length + 1);
});

test('a first start that fails is not repeated', async () => {
  const { keeper, lives, said } = kept(true);
  await assert.rejects(keeper.ready, /did not start/);
  lives[0]?.die('exit code 2');
  await settle();
  assert.deepEqual(said, []);
  assert.equal(lives.length, 1);
});

test('what is stopped stays away', async () => {
  const { keeper, lives, said } = kept();
  await keeper.ready;
  await keeper.stop();
  await settle();
  assert.deepEqual(said, []);
  assert.equal(lives.length, 1);
});
