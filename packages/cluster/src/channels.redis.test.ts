import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Channel, Session, User } from '@encke/protocol';
import { eventually, type RedisServer, startRedis } from '@encke/testing';
import { app, openTestCluster, type TestCluster } from './cluster.fixture.ts';

let redis: RedisServer;
let cluster: TestCluster;
before(async () => {
  redis = await startRedis();
  cluster = await openTestCluster(redis.url);
});
after(async () => {
  await cluster?.stop();
  await redis?.stop();
});

let names = 0;
const newChannel = (kind = 'news'): Channel => {
  names += 1;
  return `${kind}_${names}` as Channel;
};
const publish = (channel: Channel, data: unknown) =>
  cluster.channels.publish({ app, channel, event: 'e', data: JSON.stringify(data) });
const history = async (channel: Channel) =>
  (await cluster.channels.history(app, channel)).messages.map(({ data }) => JSON.parse(data));
const leftBehind = async (channel: Channel) =>
  await redis.cli('KEYS', `${cluster.config.prefix}:*:${app}:${channel}`);

test('every node with subscribers is told once, and the sockets are counted', async () => {
  const channel = newChannel();
  const [one, other, stranger] = await Promise.all([
    cluster.node(),
    cluster.node(),
    cluster.node(),
  ]);
  const members = [one.newMember(1 as User), one.newMember(0), other.newMember(2 as User)] as const;
  assert.deepEqual(await one.report(channel, 2, { joined: members.slice(0, 2) }), { length: 0 });
  await other.report(channel, 1, { joined: members.slice(2) });
  assert.equal(await cluster.channels.count(app, channel), 3);
  const { id, ...told } = await publish(channel, 'hello');
  assert.deepEqual(told, { subscribers: 3 });
  await eventually(() => assert.deepEqual([one.heard.length, other.heard.length], [1, 1]));
  const [{ target, message } = assert.fail()] = one.heard;
  assert.equal(target, `${app}:${channel}`);
  const { time, ...rest } = message;
  assert.deepEqual(rest, { id, event: 'e', data: '"hello"' });
  assert.ok(Math.abs(Date.now() - time) < 5_000);
  assert.deepEqual(stranger.heard, []);
});

test('a message nobody hears and no history keeps leaves nothing behind', async () => {
  const channel = newChannel();
  const { subscribers, position } = await publish(channel, 'x');
  assert.deepEqual([subscribers, position], [0, undefined]);
  assert.deepEqual(await leftBehind(channel), []);
  assert.deepEqual(await cluster.channels.history(app, channel), {
    length: 0,
    complete: true,
    messages: [],
  });
});

test('what a browser published says who, and is not counted for the sender', async () => {
  const channel = newChannel('web');
  const [one, other] = await Promise.all([cluster.node(), cluster.node()]);
  const [sender, next, far] = [one.newMember(7 as User), one.newMember(0), other.newMember(0)];
  await one.report(channel, 2, { joined: [sender, next] });
  await other.report(channel, 1, { joined: [far] });
  const from = { session: sender.session, user: 7 as User };
  const data = '{"text":"a  b"}';
  const send = (as: { session: Session; user: User | 0 }) =>
    cluster.channels.publish({ app, channel, event: '', data, from: as });
  assert.equal((await send(from)).subscribers, 2);
  assert.equal((await send({ session: far.session, user: 0 })).subscribers, 2);
  const unsubscribed = { session: one.newMember(0).session, user: 0 } as const;
  assert.equal((await send(unsubscribed)).subscribers, 3);
  await eventually(() => assert.equal(other.heard.length, 3));
  assert.deepEqual(
    other.heard.map(({ message }) => [message.event, message.data, message.user, message.session]),
    [
      ['', data, 7, sender.session],
      ['', data, 0, far.session],
      ['', data, 0, unsubscribed.session],
    ],
  );
});

test('the bus and the history carry every text unharmed', async () => {
  const channel = newChannel();
  await cluster.channels.setHistory(app, channel, 99);
  const node = await cluster.node();
  await node.report(channel, 1, { joined: [node.newMember(0)] });
  const texts = [' a  b ', 'line\nbreak\r\n', '\u2028 ä € 😀', "'\\' \"", '', ' - - -'];
  for (const text of texts) await publish(channel, text);
  await eventually(() => assert.equal(node.heard.length, texts.length));
  assert.deepEqual(
    node.heard.map(({ message }) => JSON.parse(message.data)),
    texts,
  );
  assert.deepEqual(await history(channel), texts);
});

test('a history holds the newest N in order, numbered without gaps', async () => {
  const channel = newChannel();
  await cluster.channels.setHistory(app, channel, 10);
  const texts = Array.from({ length: 200 }, (_, i) => `m${i}`);
  const answers = await Promise.all(texts.map((text) => publish(channel, text)));
  const [first = assert.fail()] = answers;
  assert.deepEqual(
    answers.map(({ position }) => position),
    texts.map((_, i) => ({ epoch: first.position?.epoch, seq: i + 1 })),
  );
  assert.equal(new Set(answers.map(({ id }) => id)).size, texts.length);
  const kept = await cluster.channels.history(app, channel);
  assert.deepEqual(
    kept.messages.map(({ id, position, data }) => ({ id, position, data })),
    answers.slice(-10).map(({ id, position }, i) => ({ id, position, data: `"m${190 + i}"` })),
  );
  assert.deepEqual(
    [kept.length, kept.complete, kept.position],
    [10, true, answers.at(-1)?.position],
  );
});

test('behind a position: complete as long as nothing behind it is gone', async () => {
  const channel = newChannel();
  const { channels } = cluster;
  await channels.setHistory(app, channel, 5);
  const { epoch } = (await publish(channel, 1)).position ?? assert.fail();
  for (const n of [2, 3, 4, 5, 6, 7, 8]) await publish(channel, n);
  const behind = async (seq: number, of = epoch) => {
    const { complete, messages } = await channels.history(app, channel, { epoch: of, seq });
    return [complete, ...messages.map(({ data }) => Number(data))];
  };
  assert.deepEqual(await behind(8), [true]);
  assert.deepEqual(await behind(6), [true, 7, 8]);
  assert.deepEqual(await behind(3), [true, 4, 5, 6, 7, 8]);
  assert.deepEqual(await behind(2), [false, 4, 5, 6, 7, 8]);
  assert.deepEqual(await behind(6, 'another'), [false, 4, 5, 6, 7, 8]);
  assert.equal(await channels.clearHistory(app, channel), 5);
  assert.deepEqual(await behind(8), [true]);
  assert.deepEqual(await behind(7), [false]);
  await publish(channel, 9);
  assert.deepEqual(await behind(8), [true, 9]);
});

test('who has seen more than Redis knows gets a new epoch, and no number is used twice', async () => {
  const channel = newChannel();
  const { channels } = cluster;
  await channels.setHistory(app, channel, 5);
  const { position = assert.fail() } = await publish(channel, 1);
  const answer = await channels.history(app, channel, { epoch: position.epoch, seq: 9 });
  assert.equal(answer.complete, false);
  assert.notEqual(answer.position?.epoch, position.epoch);
  assert.deepEqual((await publish(channel, 2)).position, { epoch: answer.position?.epoch, seq: 2 });
});

test('settings: fewer trims at once, none removes, removed leaves nothing', async () => {
  const channel = newChannel();
  const { channels } = cluster;
  assert.equal(await channels.settings(app, channel), undefined);
  await channels.setHistory(app, channel, 5);
  for (const n of [1, 2, 3, 4, 5]) await publish(channel, n);
  const { position } = await channels.history(app, channel);
  await channels.setHistory(app, channel, 2);
  assert.deepEqual(await history(channel), [4, 5]);
  await channels.setHistory(app, channel, 3);
  await publish(channel, 6);
  assert.deepEqual(await history(channel), [4, 5, 6]);
  await channels.setHistory(app, channel, 0);
  assert.equal(await channels.settings(app, channel), 0);
  assert.deepEqual(await history(channel), []);
  await publish(channel, 'not kept');
  await channels.setHistory(app, channel, 3);
  await publish(channel, 7);
  const anew = await channels.history(app, channel, position);
  assert.equal(anew.complete, false, 'what was published meanwhile is gone');
  assert.equal(await channels.removeSettings(app, channel), true);
  assert.equal(await channels.removeSettings(app, channel), false);
  assert.equal(await channels.settings(app, channel), undefined);
  assert.deepEqual(await leftBehind(channel), []);
});

test('publishing, settings and clearing race: the history is whole at every moment', async () => {
  const channel = newChannel();
  const { channels } = cluster;
  await channels.setHistory(app, channel, 50);
  const work: Promise<unknown>[] = [];
  for (let i = 0; i < 600; i += 1) {
    work.push(publish(channel, i));
    if (i % 20 === 0)
      work.push(channels.setHistory(app, channel, [7, 50, 0, 99][(i / 20) % 4] ?? 1));
    if (i % 90 === 0) work.push(channels.clearHistory(app, channel));
    if (i % 130 === 0) work.push(channels.removeSettings(app, channel));
    if (i % 30 === 0) {
      work.push(
        channels.history(app, channel).then(({ length, position, messages }) => {
          assert.ok(messages.length <= length);
          const seqs = messages.map((message) => message.position?.seq);
          const last = position?.seq ?? 0;
          assert.deepEqual(
            seqs,
            messages.map((_, at) => last - messages.length + 1 + at),
          );
          const order = messages.map(({ data }) => Number(data));
          assert.deepEqual(
            order,
            [...order].sort((a, b) => a - b),
          );
        }),
      );
    }
    if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(work);
});

test('two processes publish at once: every node hears one order, the one of the history', async () => {
  const channel = newChannel();
  const second = await openTestCluster(redis.url, { prefix: cluster.config.prefix });
  try {
    await cluster.channels.setHistory(app, channel, 99);
    const node = await cluster.node();
    await node.report(channel, 1, { joined: [node.newMember(0)] });
    const sends = Array.from({ length: 40 }, (_, i) =>
      [cluster, second].map(({ channels }, which) =>
        channels.publish({ app, channel, event: '', data: `"${which} ${i}"` }),
      ),
    );
    const ids = new Set((await Promise.all(sends.flat())).map(({ id }) => id));
    assert.equal(ids.size, 80);
    await eventually(() => assert.equal(node.heard.length, 80));
    const texts = node.heard.map(({ message }) => JSON.parse(message.data));
    assert.deepEqual(texts, await history(channel));
    assert.deepEqual(
      node.heard.map(({ message }) => message.position?.seq),
      texts.map((_, i) => i + 1),
    );
  } finally {
    await second.stop();
  }
});

test('a fault in the keys of one channel harms no message to another in the same turn', async () => {
  const [broken, fine] = [newChannel(), newChannel()];
  await redis.cli('SET', cluster.context.keys.channel(`${app}:${broken}`).record, 'not a hash');
  const answers = await Promise.allSettled([
    publish(fine, 'before'),
    publish(broken, 'x'),
    publish(fine, 'after'),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});

test('a Redis that takes no writes is away for a channel with a history, and serves the others', async () => {
  const [kept, bare] = [newChannel(), newChannel()];
  await cluster.channels.setHistory(app, kept, 10);
  await redis.cli('CONFIG', 'SET', 'maxmemory', '100kb');
  try {
    const [refused, told] = await Promise.allSettled([publish(kept, 'x'), publish(bare, 'y')]);
    assert.equal(refused.status, 'rejected');
    assert.deepEqual([refused.reason.name, refused.reason.stored], ['RedisUnavailable', 'no']);
    assert.equal(told.status, 'fulfilled');
  } finally {
    await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
  }
});
