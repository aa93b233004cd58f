import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { closeCodes } from '@encke/protocol';
import { comet, nextMessage, startAt } from './comet-server.fixture.ts';
import { CometServer } from './comet-server.ts';
import { type ScriptedGateway, startGateway } from './gateway.fixture.ts';
import { until } from './tabs/web-locks.fixture.ts';

let gateway: ScriptedGateway;
let answers: string[] = [];
comet.onAuthSuccess(() => answers.push('success'));
comet.onAuthFalill(() => answers.push('fail'));

beforeEach(async () => {
  gateway = await startGateway();
  answers = [];
});

afterEach(async () => {
  comet.stop();
  comet.unsubscriptionAll();
  comet.setLogLevel(0);
  await gateway.stop();
  mock.restoreAll();
});

const host = () => gateway.url.replace('ws://', '');

const start = () => startAt(gateway, host());

test('one face, with and without new', () => {
  assert.equal(CometServer(), comet);
  assert.equal(new CometServer(), comet);
});

test('start says who the user is, by the old names', async () => {
  comet.start({ dev_id: 15, user_id: '7', user_key: 'key', node: `${host()}/push`, wss: false });
  const visit = await gateway.visit();
  const hello = await visit.hello();
  assert.equal(visit.url, '/push/v1/ws');
  assert.deepEqual([hello.app, hello.user, hello.key], [15, 7, 'key']);
  assert.equal(hello.device, comet.getUUID());
  assert.match(comet.getUUID(), /^[A-Za-z0-9_-]{32}$/);
  assert.deepEqual([comet.getDevId(), comet.getUserId(), comet.getUserKey()], [15, '7', 'key']);
});

test('isAuthorized has three answers', async () => {
  assert.equal(comet.isAuthorized(), undefined);
  comet.start({ dev_id: 15, user_id: 7, user_key: 'bad', node: host(), wss: false });
  assert.equal(comet.isAuthorized(), undefined);
  const refused = new Promise<void>((resolve) => comet.onAuthFalill(() => resolve()));
  await (await gateway.visit()).refuse();
  await refused;
  assert.equal(comet.isAuthorized(), false);
  comet.restart({ user_key: 'good' });
  assert.equal(comet.isAuthorized(), undefined);
  const accepted = new Promise<void>((resolve) => comet.onAuthSuccess(() => resolve()));
  const visit = await gateway.visit();
  assert.equal((await visit.welcome()).key, 'good');
  await accepted;
  assert.equal(comet.isAuthorized(), true);
  assert.deepEqual(answers, ['fail', 'success']);
});

test('the answer is told once per change, and at once to whoever asks later', async () => {
  const visit = await start();
  const coming = nextMessage();
  visit.message(1);
  await coming;
  visit.send({ type: 'ready', authorized: true, session: 'n.2', resumed: false });
  const second = nextMessage();
  visit.message(2);
  await second;
  assert.deepEqual(answers, ['success']);
  const late: boolean[] = [];
  comet.onAuthSuccess((authorized) => late.push(authorized));
  comet.onAuthFalill((authorized) => late.push(authorized));
  assert.deepEqual(late, [true]);
});

test('subscriptions: all of msg, one event, everything; until they are removed', async () => {
  const seen: string[] = [];
  const all = comet.subscription('msg', (m) => seen.push(`msg ${m.server_info.event}`));
  const named = comet.subscription('msg.ev', (m) => seen.push(`msg.ev ${m.server_info.event}`));
  comet.subscription((m) => seen.push(`any ${m.server_info.event}`));
  assert.equal(new Set([all, named]).size, 2);
  const visit = await start();
  const ask = async (seq: number, event: string) => {
    const coming = nextMessage();
    visit.message(seq, 'x', event);
    await coming;
  };
  await ask(1, 'ev');
  await ask(2, 'other');
  assert.deepEqual(seen.splice(0), ['msg ev', 'msg.ev ev', 'any ev', 'msg other', 'any other']);
  assert.equal(comet.unsubscription(all), true);
  assert.equal(comet.unsubscription(all), false);
  await ask(3, 'ev');
  assert.deepEqual(seen.splice(0), ['msg.ev ev', 'any ev']);
  comet.unsubscriptionAll();
  await ask(4, 'ev');
  assert.deepEqual(seen, []);
});

for (const name of ['', '#', 'a', 'a b', 'msg.a.b', '.ev'])
  test(`a subscription to "${name}" is refused with the rule`, () =>
    assert.throws(() => comet.subscription(name, () => {}), /must be 2 to 64 characters/));

test('alone, a page is the master; its own id differs from the browser’s', async () => {
  assert.equal(comet.isMaster(), false);
  await start();
  assert.equal(comet.isMaster(), true);
  assert.match(comet.getTabUUID(), /^[A-Za-z0-9_-]{32}$/);
  assert.notEqual(comet.getTabUUID(), comet.getUUID());
  comet.UseWss(false);
});

test('a subscription without a callback is refused', () => {
  assert.throws(() => comet.subscription('msg', undefined as never), /must be a function/);
});

for (const [sent, data] of [
  ['hello', 'hello'],
  ['{"a":1}', { a: 1 }],
  ['[1,2]', [1, 2]],
  ['17', 17],
  ['true', true],
  ['{broken', '{broken'],
  ['', ''],
  [{ a: 1 }, { a: 1 }],
  [null, null],
  [5, 5],
] as const)
  test(`data ${JSON.stringify(sent)} arrives as ${JSON.stringify(data)}`, async () => {
    const visit = await start();
    const coming = nextMessage();
    visit.message(1, sent, 'ev');
    const message = await coming;
    assert.deepEqual(message.data, data);
    assert.deepEqual(message.server_info, {
      pipe: 'msg',
      event: 'ev',
      history: false,
      marker: undefined,
      uuid: 'abcdefghij-1',
    });
  });

test('stop ends the connection; subscriptions last until the next start', async () => {
  const visit = await start();
  const coming = nextMessage();
  const ended = visit.ended;
  comet.stop();
  assert.equal(await ended, 1000);
  assert.equal(comet.isAuthorized(), undefined);
  comet.start();
  const again = await gateway.visit();
  assert.equal((await again.welcome()).user, 7);
  again.message(1);
  assert.equal((await coming).data, 'm1');
});

test('a second start without options changes nothing', async () => {
  await start();
  comet.start();
  await new Promise(setImmediate);
  assert.equal(gateway.waiting, 0);
});

test('closed by the server for good: not authorised any more, and start connects anew', async () => {
  const visit = await start();
  await until(() => assert.equal(comet.isAuthorized(), true));
  visit.socket.close(closeCodes.disconnected.code);
  await until(() => assert.equal(comet.isAuthorized(), undefined));
  comet.start();
  await (await gateway.visit()).welcome();
  await until(() => assert.equal(comet.isAuthorized(), true));
});

test('nodes are tried in turn', async () => {
  const gone = await startGateway();
  await gone.stop();
  comet.start({ nodes: [gone.url.replace('ws://', ''), host()] });
  await (await gateway.visit()).hello();
  comet.restart({ nodes: [] });
});

test('a callback that throws does not stop the next one', async () => {
  mock.method(console, 'error', () => {});
  const visit = await start();
  comet.subscription(() => {
    throw new Error('bug in the page');
  });
  const coming = nextMessage();
  visit.message(1);
  await coming;
});

test('the log levels: 0 silent, 1 the connection, 2 also messages', async () => {
  const logged = mock.method(console, 'info', () => {});
  await start();
  assert.equal(logged.mock.callCount(), 0);
  comet.setLogLevel(2);
  const visit = await start();
  const coming = nextMessage();
  visit.message(1, 'secret', 'ev');
  await coming;
  const lines = logged.mock.calls.map((call) => call.arguments.join(' '));
  assert.ok(lines.some((line) => line.includes('is online')));
  assert.ok(lines.some((line) => line.includes('message abcdefghij-1 ev')));
  assert.ok(!lines.join().includes('secret'));
});
