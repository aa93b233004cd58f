/** The rules [V1] to [V11] of PROTOCOL.md that need no special setting, frame by frame, over two gateways. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Closed, eventually, V1Device, within } from '@encke/testing';
import { WebSocket } from 'ws';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
/** Says nothing; looked at by the test of [V3], after the others have used its ten seconds. */
let silent: V1Device;
before(async () => {
  stage = await openStage();
  silent = new V1Device(stage.gateway(), { autoHello: false });
});
after(() => stage?.close());

/** 101, or the HTTP status that came instead, with the subprotocol. */
function upgrade(path: string, protocols: string[]): Promise<[number, string]> {
  const socket = new WebSocket(`ws://${stage.gateway(1)}${path}`, protocols);
  return within(
    new Promise((resolve) => {
      socket.on('error', () => {});
      socket.on('unexpected-response', (_request, response) => {
        resolve([response.statusCode ?? 0, '']);
        socket.terminate();
      });
      socket.on('open', () => {
        resolve([101, socket.protocol]);
        socket.terminate();
      });
    }),
    'an answer to the upgrade',
  );
}

/** Opens a socket, sends the frames, and gives what came back until it was closed. */
async function closedAfter(...texts: (string | Buffer)[]): Promise<[V1Device, Closed]> {
  const device = new V1Device(stage.gateway(1), { autoHello: false });
  device.socket.on('open', () => {
    for (const text of texts) device.socket.send(text);
  });
  return [device, await within(device.closed, 'close')];
}

const hello = (fields: object = {}) => JSON.stringify({ type: 'hello', app: 1, ...fields });

test('[V1] path and subprotocol', async () => {
  assert.deepEqual(await upgrade('/v1/ws', ['encke.v1']), [101, 'encke.v1']);
  assert.deepEqual(await upgrade('/v1/ws?x=1', ['other', 'encke.v1']), [101, 'encke.v1']);
  assert.deepEqual(await upgrade('/v1/ws', []), [400, '']);
  assert.deepEqual(await upgrade('/v1/ws', ['encke.v2']), [400, '']);
  for (const before of ['/', '/comet-server', '//comet-server'])
    assert.deepEqual(await upgrade(`${before}/v1/ws`, ['encke.v1']), [101, 'encke.v1']);
  for (const path of ['/v1/other', '/x/v1/ws', '///v1/ws', '/v1/ws/'])
    assert.deepEqual(await upgrade(path, ['encke.v1']), [404, '']);
});

test('[V2] a frame that breaks a rule: an error frame with field and rule, never the value, then 4100', async () => {
  const cases: [frame: string | Buffer, message: string][] = [
    ['secret', '`frame` must be one JSON object'],
    ['["secret"]', '`frame` must be one JSON object'],
    [
      '{"type":"secret"}',
      '`type` must be one of hello, ack, ping, subscribe, unsubscribe, publish, history, count, members, user-data, user-status',
    ],
    [hello({ user: 'secret' }), '`user` must be an integer from 1 to 999999999'],
    [
      hello({ resume: { epoch: 'SECRET', seq: 1 } }),
      '`resume.epoch` must be the epoch of an earlier frame',
    ],
    [hello({ resume: { epoch: 'e', seq: -1 } }), '`resume.seq` must be a whole number from 0'],
    ['{"type":"ack"}', '`seq` must be a whole number from 0'],
    [Buffer.from(hello()), '`frame` must be text, not binary'],
  ];
  for (const [frame, message] of cases) {
    const [device, { code }] = await closedAfter(frame);
    assert.deepEqual(device.frames, [{ type: 'error', code: 'bad-frame', message }]);
    assert.equal(code, 4100);
  }
  const device = await V1Device.connect(stage.gateway(), {});
  device.send('{"type":"ping","unknown":[1]}');
  assert.deepEqual(await device.frame('pong'), { type: 'pong' });
  device.socket.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false });
  assert.equal((await within(device.closed, 'close')).code, 1007);
  assert.deepEqual(
    device.frames.map(({ type }) => type),
    ['ready', 'pong'],
  );
});

test('[V3] hello comes first and once; anonymous without user or with user 0', async () => {
  for (const fields of [{}, { user: 0 }, { key: 'k' }, { resume: null }]) {
    const [device, { code }] = await closedAfter(hello(fields), hello(fields));
    const [ready, error] = device.frames;
    assert.deepEqual(
      { ...ready, session: '' },
      { type: 'ready', authorized: false, session: '', resumed: false },
    );
    assert.ok(error?.type === 'error' && error.message.startsWith('`type` must not be hello'));
    assert.equal(code, 4100);
  }
  const [, { code }] = await closedAfter(hello({ key: 'k'.repeat(4_097) }));
  assert.equal(code, 4100);
});

test('[V4] ready: the position, and whether all behind it is there', async () => {
  const { user, key } = await stage.person();
  const connect = async (gateway: number, fields: object) => {
    const device = await V1Device.connect(stage.gateway(gateway), { autoAck: false, ...fields });
    const { session, ...ready } = await device.ready;
    await device.drop();
    assert.equal(session.split('.')[0], stage.process(gateway).node);
    return ready;
  };
  const refused = { type: 'ready', authorized: false, resumed: false };
  for (const fields of [{ user, key: 'wrong' }, { user }, { user: 999_999_999, key }, {}])
    assert.deepEqual(await connect(0, fields), refused);
  const first = await connect(0, { user, key });
  const { epoch } = first;
  assert.deepEqual(first, { type: 'ready', authorized: true, epoch, seq: 0, resumed: false });
  for (const data of ['a', 'b', 'c']) await stage.api.send(user, data);
  const at = (seq: number, of = epoch) => ({ user, key, resume: { epoch: of ?? '', seq } });
  for (const seq of [3, 1, 0])
    assert.deepEqual(await connect(1, at(seq)), { ...first, seq, resumed: true });
  assert.deepEqual(await connect(1, at(2, 'another')), { ...first, seq: 0, resumed: false });
  // The next message is gone, so something was missed: what follows begins behind it.
  await stage.api.purge(user);
  assert.deepEqual(await connect(0, at(1)), { ...first, seq: 3, resumed: false });
  assert.deepEqual(await connect(0, at(3)), { ...first, seq: 3, resumed: true });
});

test('[V5] message: live without `queued`, from the inbox with it', async (t) => {
  const { user, key } = await stage.person();
  const waiting = await stage.api.send(user, { text: 'hi' }, { event: 'chat' });
  const device = await V1Device.connect(stage.gateway(1), { user, key });
  t.after(() => device.drop());
  const { time, ...queued } = await device.message(1);
  const { id, seq } = waiting;
  const same = { type: 'message', seq, id, event: 'chat', data: { text: 'hi' } };
  assert.deepEqual(queued, { ...same, queued: true });
  assert.ok(Math.abs(time - Date.now()) < 60_000);
  const live = await stage.api.send(user, null);
  const { time: _, ...message } = await device.message(2);
  assert.deepEqual(message, { type: 'message', seq: 2, id: live.id, event: '', data: null });
});

test('[V6] ack: confirms up to seq, has no answer, and may not be ahead', async () => {
  const { user, key } = await stage.person();
  const device = await V1Device.connect(stage.gateway(1), { user, key, autoAck: false });
  for (const data of [1, 2, 3]) await stage.api.send(user, data);
  await device.message(3);
  const left = async () => (await stage.api.undelivered(user)).map(({ seq }) => seq);
  assert.deepEqual(await left(), [1, 2, 3]);
  device.ack(2);
  await eventually(async () => assert.deepEqual(await left(), [3]));
  device.ack(1);
  device.ping();
  await device.frame('pong');
  assert.deepEqual(await left(), [3]);
  device.ack(4);
  assert.equal((await within(device.closed, 'close')).code, 4100);
  assert.deepEqual(device.frames.at(-1), {
    type: 'error',
    code: 'bad-frame',
    message: '`seq` must not be ahead of the last message sent',
  });
});

test('[V9] ping is answered with pong, before the hello too', async (t) => {
  const device = new V1Device(stage.gateway(1), { autoHello: false });
  t.after(() => device.drop());
  device.socket.on('open', () => device.ping());
  await device.frame('pong');
  assert.deepEqual(device.frames, [{ type: 'pong' }]);
});

test('[V11] a frame of 66,560 bytes is read, one more byte closes with 1009', async () => {
  const frame = (size: number) => `{"type":"ping","x":"${'x'.repeat(size - 22)}"}`;
  const device = await V1Device.connect(stage.gateway(1), {});
  device.send(frame(66_560));
  await device.frame('pong');
  device.send(frame(66_561));
  assert.equal((await within(device.closed, 'close')).code, 1009);
});

test('[V3] a socket that says nothing for ten seconds is closed with 4001', async () => {
  assert.equal((await within(silent.closed, 'close', 15_000)).code, 4001);
  assert.deepEqual(silent.frames, []);
});
