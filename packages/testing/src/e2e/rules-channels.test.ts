/** The channel frames of encke.v1, [V12] to [V18], and the rules [N1] to [N8], frame by frame over two gateways. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { User } from '@encke/protocol';
import { eventually, V1Device, type V1Options } from '@encke/testing';
import { type Application, named, openApplication } from './application.ts';
import { openStage, type Stage } from './stage.ts';
import { channelFrames, dataOf, frame, numbers, publishAll, say, subscribe } from './subscriber.ts';

let stage: Stage;
let app: Application;
before(async () => {
  stage = await openStage({ worker: true, env: { ENCKE_OFFLINE_GRACE: '0.2' } });
  app = await openApplication(stage);
});
after(() => stage?.close());

async function open(gateway: 0 | 1, options: V1Options = {}): Promise<V1Device> {
  const device = await V1Device.connect(stage.gateway(gateway), options);
  stage.later(() => device.drop());
  return device;
}

test('[V13] [V14] subscribe, a message, unsubscribe', async () => {
  const device = await open(0);
  assert.deepEqual(await subscribe(device, 'news'), {
    type: 'subscribed',
    channel: 'news',
    recovered: false,
  });
  const { id } = await app.publish('news', { n: 1 }, 'e1');
  const { time, ...message } = await frame(device, 'channel');
  assert.deepEqual(message, { type: 'channel', channel: 'news', id, event: 'e1', data: { n: 1 } });
  assert.ok(Math.abs(time - Date.now()) < 60_000);
  say(device, { type: 'unsubscribe', channel: 'news' });
  await eventually(async () => assert.equal(await app.count('news'), 0));
  assert.equal((await app.publish('news', 2)).subscribers, 0);
  say(device, { type: 'count', ref: 'c', channel: 'web_news' });
  await frame(device, 'count');
  assert.deepEqual(dataOf(device), [{ n: 1 }]);
});

test('[V14] [N6] with a history every message has a position; the newest N are kept', async () => {
  await app.keep('kept', 3);
  const device = await open(0);
  const { epoch, seq } = await subscribe(device, 'kept');
  assert.match(String(epoch), /^[a-z0-9]{10}$/);
  assert.equal(seq, 0);
  await publishAll(app, 'kept', [1, 2, 3, 4, 5]);
  await frame(device, 'channel', 5);
  const positions = channelFrames(device).map((one) => [one.epoch, one.seq, one.history]);
  assert.deepEqual(
    positions,
    numbers(1, 5).map((n) => [epoch, n, undefined]),
  );
  assert.deepEqual(await app.kept('kept'), [3, 4, 5]);
  const late = await open(1);
  assert.deepEqual(await subscribe(late, 'kept'), {
    ...{ type: 'subscribed', channel: 'kept', epoch, seq: 5, recovered: false },
  });
});

test('[V15] [N4] publish: not echoed, counted, the sender shown or hidden', async () => {
  const person = await stage.person();
  const sender = await open(0, person);
  const other = await open(1);
  await subscribe(sender, 'web_chat');
  await subscribe(other, 'web_chat');
  const order = { type: 'publish', ref: 1, channel: 'web_chat', event: 'e', data: { text: 'hi' } };
  say(sender, order);
  const published = await frame(sender, 'published');
  assert.deepEqual(published, { type: 'published', ref: 1, subscribers: 1, id: published.id });
  say(sender, { ...order, ref: 'two', hidden: true });
  await frame(other, 'channel', 2);
  say(other, { ...order, ref: 3, data: '' });
  await frame(sender, 'channel');
  const seen = (device: V1Device) => channelFrames(device).map(({ data, user }) => [data, user]);
  assert.deepEqual(seen(other), [
    [{ text: 'hi' }, person.user],
    [{ text: 'hi' }, 0],
  ]);
  assert.deepEqual(seen(sender), [['', 0]]);
});

test('[V12] refused: the field and the rule, and the socket stays', async () => {
  const device = await open(0);
  const publish = { type: 'publish', data: 1 };
  const web = '`channel` must begin with web_, or with webauth_ when the key was accepted';
  const subscribable = '`channel` must be one that this socket may subscribe to';
  const cases: [order: object, answer: object][] = [
    [
      { ...publish, ref: 1, channel: 'news' },
      { ref: 1, code: 'not-allowed', message: web },
    ],
    [
      { ...publish, ref: 2, channel: 'webauth_a' },
      { ref: 2, code: 'not-allowed', message: web },
    ],
    [
      { ...publish, ref: 3, channel: 'web_a', data: 'ä'.repeat(32_769) },
      { ref: 3, code: 'bad-request', message: '`data` must be at most 65536 bytes' },
    ],
    [
      { type: 'subscribe', channel: 'private_a' },
      { channel: 'private_a', code: 'not-allowed', message: subscribable },
    ],
    [
      { type: 'subscribe', channel: 'msg' },
      { channel: 'msg', code: 'not-allowed', message: subscribable },
    ],
    [
      { type: 'history', ref: 4, channel: 'private_a' },
      { ref: 4, code: 'not-allowed', message: subscribable },
    ],
    [
      { type: 'count', ref: 5, channel: 'news' },
      { ref: 5, code: 'not-allowed', message: '`channel` must begin with web_ or track_' },
    ],
    [
      { type: 'members', ref: 6, channel: 'web_a' },
      { ref: 6, code: 'not-allowed', message: '`channel` must begin with track_' },
    ],
    [
      { type: 'user-data', ref: 7, user: 'x' },
      { ref: 7, code: 'bad-request', message: '`user` must be an integer from 1 to 999999999' },
    ],
  ];
  for (const [i, [order, answer]] of cases.entries()) {
    say(device, order);
    assert.deepEqual(await frame(device, 'refused', i + 1), { type: 'refused', ...answer });
  }
  assert.equal(device.closedWith, undefined);
});

test('[V2] [V12] what names nothing to answer to, or comes before the hello, ends the socket', async () => {
  for (const order of ['{"type":"publish","channel":"web_a","data":1}', '{"type":"subscribe"}']) {
    const device = await open(0);
    device.send(order);
    assert.equal((await device.closed).code, 4100);
  }
  const early = new V1Device(stage.gateway(0), { autoHello: false });
  early.socket.on('open', () => say(early, { type: 'subscribe', channel: 'news' }));
  assert.equal((await early.closed).code, 4100);
});

test('[V12] what comes before the answer to the hello is handled after it', async () => {
  const person = await stage.person();
  const device = new V1Device(stage.gateway(1), { autoHello: false });
  stage.later(() => device.drop());
  device.socket.on('open', () => {
    device.hello(person);
    say(device, { type: 'subscribe', channel: 'private_early' });
    say(device, { type: 'count', ref: 1, channel: 'web_early' });
  });
  await frame(device, 'count');
  await frame(device, 'subscribed');
  assert.equal(device.frames[0]?.type, 'ready');
});

test('[N2] one more than 32 channels is refused; [N3] one that is there is not one more', async () => {
  const device = await open(0);
  for (const n of numbers(1, 32)) say(device, { type: 'subscribe', channel: `many_${n}` });
  await frame(device, 'subscribed', 32);
  await subscribe(device, 'many_7');
  assert.equal(await app.count('many_7'), 1);
  say(device, { type: 'subscribe', channel: 'many_33' });
  const { channel, code } = await frame(device, 'refused');
  assert.deepEqual([channel, code], ['many_33', 'not-allowed']);
  say(device, { type: 'unsubscribe', channel: 'many_7' });
  await subscribe(device, 'many_33');
});

test('[V16] history, count, members, user-data, user-status', async () => {
  const person = await stage.person();
  const [one, other] = [await open(0, { ...person, device: 'phone' }), await open(1)];
  const { session } = await one.ready;
  await app.keep('track_q', 2);
  await subscribe(one, 'track_q');
  const { id } = await app.publish('track_q', 'h', 'e');
  say(other, { type: 'history', ref: 1, channel: 'track_q' });
  const { messages, ...history } = await frame(other, 'history');
  const { epoch, seq } = history;
  assert.deepEqual(history, { type: 'history', ref: 1, epoch, seq: 1 });
  const time = messages[0]?.time;
  assert.deepEqual(messages, [{ id, event: 'e', data: 'h', time, epoch, seq }]);
  say(other, { type: 'count', ref: 2, channel: 'track_q' });
  assert.deepEqual(await frame(other, 'count'), { type: 'count', ref: 2, subscribers: 1 });
  say(other, { type: 'members', ref: 3, channel: 'track_q' });
  const members = [{ user: person.user, device: 'phone', session }];
  assert.deepEqual(await frame(other, 'members'), { type: 'members', ref: 3, members });
  await app.cluster.setData(app.app, person.user as User, '{"n":1}');
  say(other, { type: 'user-data', ref: 4, user: person.user });
  const data = { type: 'user-data', ref: 4, data: { n: 1 } };
  assert.deepEqual(await frame(other, 'user-data'), data);
  say(other, { type: 'user-data', ref: 5, user: 999 });
  assert.deepEqual(await frame(other, 'user-data', 2), { type: 'user-data', ref: 5, data: null });
  say(other, { type: 'user-status', ref: 6, user: person.user });
  const status = await frame(other, 'user-status');
  assert.equal(status.online, true);
  assert.ok(Math.abs(Number(status.lastSeen) - Date.now() / 1000) < 60);
  say(other, { type: 'user-status', ref: 7, user: 999 });
  assert.deepEqual(await frame(other, 'user-status', 2), {
    ...{ type: 'user-status', ref: 7, online: false, lastSeen: null },
  });
});

test('[V17] [N9] [N10] joined, left and presence', async () => {
  const person = await stage.person();
  const watcher = await open(0);
  await subscribe(watcher, 'track_w');
  await subscribe(watcher, `user_status_${person.user}`);
  const other = await open(1, { ...person, device: 'tablet' });
  const { session } = await other.ready;
  const { time, ...online } = await frame(watcher, 'presence');
  assert.deepEqual(online, { type: 'presence', user: person.user, online: true });
  assert.ok(Math.abs(time - Date.now()) < 60_000);
  await subscribe(other, 'track_w');
  const who = { channel: 'track_w', user: person.user, device: 'tablet', session };
  assert.deepEqual(await frame(watcher, 'joined'), { type: 'joined', ...who });
  await other.drop();
  assert.deepEqual(await frame(watcher, 'left'), { type: 'left', ...who });
  assert.equal((await frame(watcher, 'presence', 2)).online, false);
  assert.deepEqual(
    other.frames.filter(({ type }) => type === 'joined'),
    [],
  );
});

test('[N1] the members that an application server sees', async () => {
  const device = await open(0, {
    device: 'browser',
    headers: { 'user-agent': 'Some/1.0', 'accept-language': 'de', origin: 'https://a.example' },
  });
  await subscribe(device, 'who');
  const [member] = await app.members('who');
  const { session } = await device.ready;
  assert.deepEqual(member, {
    ...{ session, user: 0, device: 'browser', agent: 'Some/1.0', ip: '127.0.0.1' },
    ...{ origin: 'https://a.example', language: 'de' },
  });
});

test('[N5] every subscriber gets the messages of all publishers in the same order', async () => {
  const devices = [await open(0), await open(0), await open(1), await open(1)];
  for (const device of devices) await subscribe(device, 'web_order');
  const publishers = [await open(0), await open(1)];
  for (const n of numbers(1, 100))
    for (const [i, publisher] of publishers.entries())
      say(publisher, { type: 'publish', ref: n, channel: 'web_order', data: `${i}-${n}` });
  const server = publishAll(app, 'web_order', numbers(1, 100));
  for (const publisher of publishers) await frame(publisher, 'published', 100);
  await server;
  for (const device of devices) await frame(device, 'channel', 300);
  const [first, ...others] = devices.map(dataOf);
  for (const other of others) assert.deepEqual(other, first);
  for (const i of [0, 1])
    assert.deepEqual(
      first?.filter((data) => String(data).startsWith(`${i}-`)),
      numbers(1, 100).map((n) => `${i}-${n}`),
    );
});

test('[V13] [N8] who comes back with a position gets what it missed, without a gap and without a repeat', async () => {
  await app.keep('resume', 99);
  const before = await open(0);
  const { epoch, seq } = await subscribe(before, 'resume');
  await publishAll(app, 'resume', numbers(1, 5));
  await frame(before, 'channel', 5);
  await before.drop();
  await publishAll(app, 'resume', numbers(6, 60));
  const back = await open(1);
  // Live messages come while the history is read.
  const more = publishAll(app, 'resume', numbers(61, 99));
  const answer = await subscribe(back, 'resume', { epoch: String(epoch), seq: Number(seq) + 5 });
  assert.deepEqual(answer, {
    ...{ type: 'subscribed', channel: 'resume', epoch, seq: 5, recovered: true },
  });
  await more;
  await frame(back, 'channel', 94);
  assert.deepEqual(dataOf(back), numbers(6, 99));
  await app.publish('resume', 100);
  await frame(back, 'channel', 95);
  assert.deepEqual(dataOf(back), numbers(6, 100));
});

test('[V13] [N8] when more was missed than is kept, recovered is false and what is kept follows', async () => {
  await app.keep('too_late', 10);
  const device = await open(0);
  const { epoch } = await subscribe(device, 'too_late');
  await device.drop();
  await publishAll(app, 'too_late', numbers(1, 11));
  const position = { epoch: String(epoch), seq: 0 };
  const back = await open(1);
  assert.deepEqual(await subscribe(back, 'too_late', position), {
    ...{ type: 'subscribed', channel: 'too_late', epoch, seq: 1, recovered: false },
  });
  await frame(back, 'channel', 10);
  assert.deepEqual(dataOf(back), numbers(2, 11));
  const flags = channelFrames(back);
  assert.ok(flags.every(({ history }) => history === true));
  for (const stale of [
    { ...position, seq: 99 },
    { epoch: 'aaaaaaaaaa', seq: 3 },
  ]) {
    const other = await open(0);
    assert.equal((await subscribe(other, 'too_late', stale)).recovered, false);
    await frame(other, 'channel', 10);
  }
  const exact = await open(0);
  assert.equal((await subscribe(exact, 'too_late', { ...position, seq: 1 })).recovered, true);
  await frame(exact, 'channel', 10);
});

test('[V13] a position in a channel that keeps nothing is not recovered, and live messages come', async () => {
  const device = await open(0);
  const answer = await subscribe(device, 'bare', { epoch: 'aaaaaaaaaa', seq: 1 });
  assert.deepEqual(answer, { type: 'subscribed', channel: 'bare', recovered: false });
  await app.publish('bare', 'live');
  await frame(device, 'channel');
});

test('[N6] a history that is switched on, emptied and switched off under its subscribers', async () => {
  const device = await open(0);
  await subscribe(device, 'switched');
  const publish = async (n: number) => {
    await app.publish('switched', n);
    await frame(device, 'channel', n);
  };
  await publish(1);
  await app.keep('switched', 5);
  await publish(2);
  await publish(3);
  await app.cluster.channels.clearHistory(app.app, named('switched'));
  await publish(4);
  await app.cluster.channels.removeSettings(app.app, named('switched'));
  await publish(5);
  await app.keep('switched', 5);
  await publish(6);
  assert.deepEqual(dataOf(device), numbers(1, 6));
  const seqs = device.frames.map((one) => (one.type === 'channel' ? (one.seq ?? 0) : undefined));
  assert.deepEqual(
    seqs.filter((seq) => seq !== undefined),
    [0, 1, 2, 3, 0, 1],
  );
  assert.ok(device.frames.every(({ type }) => type !== 'channel-missed'));
});
