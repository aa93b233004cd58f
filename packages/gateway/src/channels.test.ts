import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ChannelMessage,
  type History,
  RedisUnavailable,
  type Standing,
  type SubscriptionChange,
  type Subscriptions,
} from '@encke/cluster';
import { eventually } from '@encke/testing';
import { Channels } from './channels.ts';
import { newSession, TestHouse } from './session.fixture.ts';

const epoch = 'aaaaaaaaaa';
const channelMessage = (seq: number): ChannelMessage => ({
  ...{ id: `b-${seq}`, position: { epoch, seq }, time: 1_000 + seq },
  event: 'e',
  data: `"m${seq}"`,
});

/** Channels whose reports to Redis are answered by hand, and whose histories are these messages. */
function newChannels(messages: readonly ChannelMessage[]) {
  const reports: { change: SubscriptionChange; answer(standing: Standing | Error): void }[] = [];
  let reads = 0;
  const report = (change: SubscriptionChange) =>
    new Promise<Standing>((resolve, reject) => {
      const answer = (standing: Standing | Error): void =>
        standing instanceof Error ? reject(standing) : resolve(standing);
      reports.push({ change, answer });
    });
  const history = async (_app: unknown, _channel: unknown, after?: { seq: number }) => {
    reads += 1;
    const rest = messages.filter(({ position }) => (position?.seq ?? 0) > (after?.seq ?? 0));
    const position = { epoch, seq: messages.length };
    return { position, length: 99, complete: true, messages: rest } satisfies History;
  };
  const channels = new Channels({
    cluster: { history } as never,
    sendBuffer: 1_000,
    subscriptions: () => ({ report, channels: async () => [] }) as unknown as Subscriptions,
    delivered: () => {},
    gap: () => {},
    fault: (error) => assert.fail(String(error)),
  });
  const next = async (n: number) => {
    await eventually(() => assert.ok(reports.length > n, 'no report'));
    return reports[n] as (typeof reports)[number];
  };
  return { channels, reports, next, reads: () => reads };
}

const say = (text: string) => Buffer.from(text);
const at = (seq: number): Standing => ({ length: 99, position: { epoch, seq } });

test('[N7] a report from before the bus came back does not hide what was lost until then', async () => {
  for (const failed of [false, true]) {
    const { channels, next } = newChannels([channelMessage(1), channelMessage(2)]);
    const { session, socket } = newSession('legacy', new TestHouse(), { channels });
    session.receive(say('subscription\nnews'), false);
    (await next(0)).answer(at(1));
    await eventually(() => assert.equal(session.channels?.values().next().value?.held, undefined));
    const { session: other } = newSession('legacy', new TestHouse(), { channels });
    other.receive(say('subscription\nnews'), false);
    const before = await next(1);
    // Redis has carried it out; then message 2 is lost, the bus comes back, and only now the answer arrives.
    channels.registerAgain();
    before.answer(failed ? new RedisUnavailable('unknown', 'test') : at(1));
    (await next(2)).answer(at(2));
    await eventually(() => assert.match(socket.texts.join(), /"m2"/));
  }
});

test('a peer that says ever new names is read no faster than Redis hears of them', async () => {
  const { channels, reports } = newChannels([]);
  const { session } = newSession('legacy', new TestHouse(), { channels });
  for (let i = 0; i < 64; i++) {
    assert.equal(session.ws.isPaused, false);
    session.receive(say(`subscription\nname-${i}`), false);
  }
  assert.equal(session.ws.isPaused, true);
  await eventually(() => assert.equal(reports.length, 64));
  for (const { answer } of reports) answer({ length: 0 });
  await eventually(() => assert.equal(session.ws.isPaused, false));
});

for (const wire of ['v1', 'legacy'] as const) {
  const ask = wire === 'v1' ? '{"type":"history","ref":1,"channel":"news"}' : 'pipe_log\nnews\n1';
  test(`[N12] a peer that asks for histories and reads nothing is sent one (${wire})`, async () => {
    const large = JSON.stringify('x'.repeat(20_000));
    const { channels, reads } = newChannels([{ ...channelMessage(1), data: large }]);
    const { session, socket } = newSession(wire, new TestHouse(), { channels });
    const write = socket.write.bind(socket);
    socket.write = (chunk, encoding) => {
      socket.full += chunk.length;
      write(chunk, encoding);
      return false;
    };
    for (let i = 0; i < 10; i++) session.receive(say(ask), false);
    await eventually(() => assert.equal(reads(), 1));
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(reads(), 1);
    assert.equal(socket.texts.length, 1);
    for (let n = 2; n <= 10; n++) {
      socket.full = 0;
      socket.emit('drain');
      await eventually(() => assert.equal(socket.texts.length, n));
    }
  });
}
