import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Position, ServerFrame } from '@encke/protocol';
import { Subscriptions } from './subscriptions.ts';
import type { Down } from './words.ts';

const at = (seq: number): Position => ({ epoch: 'e', seq });
const subscribed = (seq?: number, recovered = true): ServerFrame => ({
  type: 'subscribed',
  channel: 'news',
  ...(seq !== undefined && at(seq)),
  recovered,
});
const message = (seq: number): ServerFrame => ({
  type: 'channel',
  channel: 'news',
  id: `m${seq}`,
  event: '',
  data: seq,
  time: 1,
  ...at(seq),
});

function open() {
  const up: object[] = [];
  const told: [to: string, down: Down][] = [];
  const subscriptions = new Subscriptions({
    up: (frame) => up.push(frame),
    send: (down, to = 'all') => told.push([to, down]),
    user: () => 7,
  });
  subscriptions.resume();
  return { up, told, subscriptions };
}
/** What was told since the last time, in short. */
const taken = (told: [string, Down][]) =>
  told.splice(0).map(([to, down]) => {
    const { type, seq, recovered } = (down as unknown as { frame: Record<string, unknown> }).frame;
    return [to, type, seq, recovered].filter((part) => part !== undefined).join(' ');
  });

test('one subscribe for all tabs; who comes later is told where the others are', () => {
  const { up, told, subscriptions } = open();
  subscriptions.want('a', 'news', undefined);
  subscriptions.want('b', 'news', undefined);
  assert.deepEqual(up.splice(0), [{ type: 'subscribe', channel: 'news', position: undefined }]);
  subscriptions.frame(subscribed(5, false));
  subscriptions.frame(message(6));
  subscriptions.want('c', 'news', undefined);
  assert.deepEqual(taken(told), [
    'all subscribed 5 false',
    'all channel 6',
    'c subscribed 6 false',
  ]);
  subscriptions.unwant('a', 'news');
  subscriptions.leave('b');
  assert.deepEqual(up, []);
  subscriptions.unwant('c', 'news');
  assert.deepEqual(up, [{ type: 'unsubscribe', channel: 'news' }]);
});

test('a tab that is further behind has it sent again; the answers that come first are not for it', () => {
  const { up, told, subscriptions } = open();
  subscriptions.want('a', 'news', at(9));
  subscriptions.want('b', 'news', at(4));
  subscriptions.want('c', 'news', at(6));
  // The server answers only the last of several that are under way: so there is never more than one.
  assert.deepEqual(up.splice(0), [{ type: 'subscribe', channel: 'news', position: at(9) }]);
  subscriptions.frame(subscribed(9));
  assert.deepEqual(up.splice(0), [{ type: 'subscribe', channel: 'news', position: at(4) }]);
  assert.deepEqual(taken(told), []);
  subscriptions.frame(subscribed(4));
  for (const seq of [5, 6, 7, 8, 9]) subscriptions.frame(message(seq));
  assert.equal(taken(told)[0], 'all subscribed 4 true');
  subscriptions.want('d', 'news', at(9));
  assert.deepEqual(taken(told), ['d subscribed 9 true']);
  assert.deepEqual(up, []);
});

test('left and wanted again before the answer: nobody waits for one that does not come', () => {
  const { up, told, subscriptions } = open();
  subscriptions.want('a', 'news', undefined);
  subscriptions.unwant('a', 'news');
  subscriptions.want('a', 'news', undefined);
  assert.equal(up.length, 1);
  subscriptions.frame(subscribed(5, false));
  subscriptions.want('b', 'news', undefined);
  assert.deepEqual(taken(told), ['all subscribed 5 false', 'b subscribed 5 false']);
});

test('left before the answer: it is unsubscribed then', () => {
  const { up, told, subscriptions } = open();
  subscriptions.want('a', 'news', undefined);
  subscriptions.unwant('a', 'news');
  subscriptions.frame(subscribed(5, false));
  assert.deepEqual(up[1], { type: 'unsubscribe', channel: 'news' });
  assert.deepEqual(told, []);
});

test('a refused channel is refused to who comes later too, and asked for again on the next connection', () => {
  const { up, told, subscriptions } = open();
  subscriptions.want('a', 'news', undefined);
  const frame = { type: 'refused', channel: 'news', code: 'not-allowed', message: 'no' } as const;
  subscriptions.frame(frame);
  subscriptions.want('b', 'news', undefined);
  assert.deepEqual(taken(told), ['all refused', 'b refused']);
  subscriptions.resume();
  assert.equal(up.length, 2);
});

test('unavailable is not told; it is asked for again, and who comes meanwhile waits too', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { up, told, subscriptions } = open();
  subscriptions.want('a', 'news', undefined);
  const frame = { type: 'refused', channel: 'news', code: 'unavailable', message: 'no' } as const;
  subscriptions.frame(frame);
  subscriptions.want('b', 'news', undefined);
  assert.deepEqual(told, []);
  t.mock.timers.tick(2_000);
  assert.equal(up.length, 2);
  subscriptions.frame(subscribed(5, false));
  assert.deepEqual(taken(told), ['all subscribed 5 false']);
});

test('a publish is echoed to the other tabs of its channel once; one that is refused is forgotten', () => {
  const { told, subscriptions } = open();
  for (const tab of ['a', 'b']) subscriptions.want(tab, 'news', undefined);
  subscriptions.frame(subscribed());
  told.splice(0);
  const publish = { type: 'publish', channel: 'news', event: '', data: 1 } as const;
  subscriptions.ask({ ...publish, ref: 'a:1' });
  subscriptions.frame({ type: 'published', ref: 'a:1', subscribers: 0, id: 'x' });
  assert.deepEqual(
    told.splice(0).map(([to, { type }]) => `${to} ${type}`),
    ['b echo', 'a frame'],
  );
  subscriptions.ask({ ...publish, ref: 'a:2' });
  subscriptions.frame({ type: 'refused', ref: 'a:2', code: 'bad-request', message: 'no' });
  assert.equal(
    (subscriptions as unknown as { publishing: Map<string, object> }).publishing.size,
    0,
  );
});
