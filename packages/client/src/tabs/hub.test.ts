import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Position } from '@encke/protocol';
import { epoch, type ScriptedGateway, startGateway, type Visit } from '../gateway.fixture.ts';
import { Uplink } from '../uplink.ts';
import { Hub } from './hub.ts';
import { until } from './web-locks.fixture.ts';
import type { Down } from './words.ts';

const at = (seq: number): Position => ({ epoch, seq });

let gateway: ScriptedGateway;
let hub: Hub;
let told: [to: string, what: string][];

beforeEach(async () => {
  gateway = await startGateway();
  told = [];
  const options = { url: gateway.url, backoff: { base: 1, cap: 5 } };
  hub = new Hub(7, {
    connect: (hooks) => new Uplink(options, hooks),
    hello: (key, resume) => ({ type: 'hello', app: 1, user: 7, device: 'd', key, resume }) as never,
    send: (down, to = 'all') => told.push([to, short(down)]),
  });
});
afterEach(async () => {
  hub.stop();
  await gateway.stop();
});

function short(down: Down): string {
  if (down.type !== 'frame') return down.type === 'state' ? down.state.name : down.type;
  const { frame } = down;
  if (frame.type === 'ready') return `ready ${frame.seq} ${frame.resumed}`;
  return 'seq' in frame ? `${frame.type} ${frame.seq}` : frame.type;
}
/** What this tab was told, alone or with all, of messages and from where they follow. */
const toldTo = (tab: string): string[] =>
  told
    .filter(([to, what]) => (to === tab || to === 'all') && /^(ready|message|missed)/.test(what))
    .map(([, what]) => what);

const join = (tab: string, seq?: number) =>
  hub.receive(tab, {
    type: 'join',
    position: seq === undefined ? undefined : at(seq),
    channels: [],
  });
const seen = (tab: string, seq: number) => hub.receive(tab, { type: 'seen', position: at(seq) });

/** Online from this position. */
async function online(seq: number): Promise<Visit> {
  const visit = await gateway.visit();
  await visit.welcome(seq, seq > 0);
  await until(() => assert.ok(told.some(([, what]) => what.startsWith('ready'))));
  return visit;
}

test('it resumes from the lowest position, once all tabs that live have said theirs', async () => {
  join('a', 9);
  hub.start(['a', 'b', 'c']);
  join('b', 4);
  join('c');
  const visit = await gateway.visit();
  assert.deepEqual((await visit.welcome(4, true)).resume, at(4));
  await until(() => assert.deepEqual(toldTo('a'), ['ready 4 true']));
  assert.deepEqual([toldTo('b'), toldTo('c')], [['ready 4 true'], ['ready 4 false']]);
});

test('a tab that lives and does not answer holds nobody up', async () => {
  join('a', 9);
  hub.start(['a', 'frozen']);
  assert.deepEqual((await (await gateway.visit()).hello()).resume, at(9));
});

test('a message is confirmed when all tabs have handled it, or those who have not are gone', async () => {
  for (const tab of ['a', 'b', 'c']) join(tab);
  hub.start([]);
  const visit = await online(0);
  for (const tab of ['a', 'b', 'c']) seen(tab, 0);
  visit.message(1);
  visit.message(2);
  await until(() => assert.equal(toldTo('a').at(-1), 'message 2'));
  seen('a', 2);
  seen('b', 1);
  hub.flush();
  assert.equal(visit.waiting, 0);
  seen('c', 2);
  assert.deepEqual(await visit.next(), { type: 'ack', seq: 1, epoch });
  hub.leave('b');
  assert.deepEqual(await visit.next(), { type: 'ack', seq: 2, epoch });
});

test('who joins in the middle goes on from there; one that was away a moment gets the rest from the buffer', async () => {
  join('a');
  hub.start([]);
  const visit = await online(0);
  for (const seq of [1, 2, 3]) visit.message(seq);
  await until(() => assert.equal(toldTo('a').at(-1), 'message 3'));
  told = [];
  join('new');
  join('back', 1);
  assert.deepEqual(
    told.filter(([to]) => to !== 'all'),
    [
      ['new', 'ready 3 false'],
      ['back', 'ready 1 true'],
      ['back', 'message 2'],
      ['back', 'message 3'],
    ],
  );
  assert.equal(gateway.waiting, 0);
});

test('what the buffer has no more is fetched anew, and it never grows beyond its size', async () => {
  join('a');
  hub.start([]);
  const visit = await online(0);
  for (let seq = 1; seq <= 150; seq += 1) visit.message(seq);
  await until(() => assert.equal(toldTo('a').at(-1), 'message 150'));
  assert.equal((hub as unknown as { recent: object[] }).recent.length, 100);
  join('b', 50);
  assert.deepEqual(toldTo('b').slice(-1), ['message 150']);
  join('c', 49);
  assert.deepEqual((await (await gateway.visit()).welcome(49, true)).resume, at(49));
});

test('a tab that leaves five beats unanswered is left behind', async () => {
  join('a');
  join('b');
  hub.start([]);
  await online(0);
  for (let beat = 0; beat < 6; beat += 1) {
    hub.receive('a', { type: 'alive' });
    assert.ok(hub.shared);
    hub.count();
  }
  assert.equal(hub.shared, false);
});

test('stopped while it waits for tabs: their end does not make it connect', async () => {
  join('a');
  hub.start(['a', 'b']);
  hub.stop();
  hub.leave('b');
  told = [];
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(told, []);
  assert.equal(gateway.waiting, 0);
});
