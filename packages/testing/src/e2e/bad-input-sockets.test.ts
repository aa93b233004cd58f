import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { LegacyDevice, legacyUrl, randomUuid, V1Device, within } from '@encke/testing';
import { WebSocket } from 'ws';
import { type Innocent, openInnocent } from './innocent.ts';
import { openStage, type Person, type Stage } from './stage.ts';

let stage: Stage;
let innocent: Innocent;
let person: Person;
before(async () => {
  stage = await openStage({ gateways: 1 });
  innocent = await openInnocent(stage);
  person = await stage.person();
});
after(() => stage?.close());

const bytes = (...values: number[]) => Buffer.from(values);
const json = (value: unknown) => JSON.stringify(value);
const text = (length: number) => 'x'.repeat(length);

type V1Case = [what: string, first: string | Buffer, code: number];
const hello = (fields: object) => json({ type: 'hello', app: 1, ...fields });
const v1Cases: V1Case[] = [
  ['invalid JSON', 'hello', 4100],
  ['a list', '[]', 4100],
  ['an unknown type', '{"type":"greetings"}', 4100],
  ['a hello without app', '{"type":"hello"}', 4100],
  ['user id -1', hello({ user: -1 }), 4100],
  ['a user id of ten digits', hello({ user: 1_234_567_890 }), 4100],
  ['a device with a space', hello({ device: 'a b' }), 4100],
  ['a key of 4,097 characters', hello({ user: 7, key: text(4_097) }), 4100],
  ['a resume without epoch', hello({ user: 7, key: 'k', resume: { seq: 1 } }), 4100],
  ['an ack before the hello', '{"type":"ack","seq":1}', 4100],
  ['an empty frame', '', 4100],
  ['text that is not UTF-8', bytes(0x22, 0xff, 0xfe, 0x22), 1007],
  ['a frame of 100 KiB', text(100 * 1024), 1009],
];
for (const [what, first, code] of v1Cases)
  test(`encke.v1 closes with ${code} on ${what}`, async () => {
    const device = new V1Device(stage.gateway(), { autoHello: false });
    device.socket.on('open', () => device.socket.send(first, { binary: false }));
    assert.equal((await within(device.closed, 'close')).code, code);
    if (code === 4100) {
      const problem = device.frames.find(({ type }) => type === 'error');
      assert.ok(problem, 'an error frame says which rule it was');
    }
    await innocent.undisturbed();
  });

test('encke.v1 closes on a binary frame, on a second hello, and on silence for ten seconds', async () => {
  const silent = new V1Device(stage.gateway(), { autoHello: false });
  const binary = new V1Device(stage.gateway(), { autoHello: false });
  binary.socket.on('open', () => binary.socket.send(Buffer.from(hello({})), { binary: true }));
  assert.equal((await within(binary.closed, 'close')).code, 4100);
  const twice = await V1Device.connect(stage.gateway(), person);
  twice.hello(person);
  assert.equal((await within(twice.closed, 'close')).code, 4100);
  assert.equal((await within(silent.closed, 'close', 30_000)).code, 4001);
  await innocent.undisturbed();
});

test('[V11] a frame may come in 1,024 fragments, on both wires; in more it is closed with 1008', async () => {
  const device = await V1Device.connect(stage.gateway(), person);
  const old = await LegacyDevice.connect(stage.gateway(), person);
  const pieces = ({ socket }: V1Device | LegacyDevice, text: string, count: number) => {
    for (let i = 1; i < count; i += 1) socket.send(i === 1 ? text : '', { fin: false });
    socket.send('', { fin: true });
  };
  pieces(device, '{"type":"ping"}', 1_024);
  await device.frame('pong');
  for (const one of [device, old]) {
    pieces(one, 'x', 1_025);
    assert.equal((await within(one.closed, 'close')).code, 1008);
  }
  await innocent.undisturbed();
});

test('a wrong hash and an unknown user look the same: connected, not authorised', async () => {
  const cases = [
    { user: innocent.person.user, key: 'wrong' },
    { user: innocent.person.user, key: '' },
    { user: innocent.person.user },
    { user: 999_999_999, key: innocent.person.key },
    { user: 999_999_999, key: '' },
    {},
  ];
  for (const who of cases) {
    const device = await V1Device.connect(stage.gateway(), who);
    const { session, ...ready } = await device.ready;
    assert.deepEqual(ready, { type: 'ready', authorized: false, resumed: false });
    const old = await LegacyDevice.connect(stage.gateway(), who);
    const { server, message_send_time: time, ...info } = await old.ready;
    assert.deepEqual(info, { authorized: false, data: '', event: 'serverInfo', pipe: 'sys' });
    await device.drop();
    await old.drop();
  }
  assert.equal((await stage.api.user(innocent.person.user)).sessions.length, 2);
  await innocent.undisturbed();
});

const urlCases: [what: string, from: string, to: string, code: number][] = [
  ['user id -1', 'myid=0', 'myid=-1', 401],
  ['a user id of ten digits', 'myid=0', 'myid=1234567890', 401],
  ['no user id', 'myid=0&', '', 401],
  ['no app', 'devid=1&', '', 406],
  ['no version', 'v=4.0&', '', 418],
  ['a bad version', 'v=4.0', 'v=new', 418],
  ['no uuid', /uuid=\w+/.source, '', 418],
  ['a short uuid', /uuid=\w+/.source, 'uuid=abc', 418],
];
for (const [what, from, to, code] of urlCases)
  test(`the old wire says ${code} and closes on ${what}`, async () => {
    const url = legacyUrl(stage.gateway()).replace(new RegExp(from), to);
    const socket = new WebSocket(url);
    const frames: Record<string, unknown>[] = [];
    socket.on('message', (line) => frames.push(JSON.parse(line.toString())));
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    assert.notEqual(await within(closed, 'close'), 1006, 'after a clean close a page stays away');
    assert.equal(frames.length, 1);
    const { data, event, pipe } = frames[0] ?? {};
    const shown = typeof data === 'string' ? JSON.parse(data) : data;
    assert.equal(shown.error_code, code);
    assert.equal(shown.info, 'Closed due to error. See last message.');
    assert.deepEqual([event, pipe], ['error', 'sys']);
  });

const legacyCases: [what: string, frame: string | Buffer, binary: boolean, code?: number][] = [
  ['an unknown command', 'shutdown\nnow', false],
  ['an empty frame', '', false],
  ['a binary frame', Buffer.from('statistics\n{}'), true],
  ['text that is not UTF-8', bytes(0x73, 0xff), false, 1007],
  ['a frame of 100 KiB', text(100 * 1024), false, 1009],
];
for (const [what, frame, binary, code] of legacyCases)
  test(`the old wire closes on ${what}`, async () => {
    const device = await LegacyDevice.connect(stage.gateway(), person);
    device.socket.send(frame, { binary });
    const closed = await within(device.closed, 'close');
    if (code !== undefined) assert.equal(closed.code, code);
    await innocent.undisturbed();
  });

test('the old wire takes what an old page may send', async () => {
  for (const path of ['', '/', '/comet-server', '//comet-server']) {
    const device = await LegacyDevice.connect(stage.gateway(), { ...person, path });
    assert.equal((await device.ready).authorized, true, path);
    device.send('statistics\n{"a":1}');
    device.socket.send('subscrip', { fin: false });
    device.socket.send('tion\na\nb', { fin: true });
    device.socket.ping('still there?');
    const [pong] = await within(
      new Promise<[Buffer]>((resolve) => device.socket.once('pong', (data) => resolve([data]))),
      'pong',
    );
    assert.equal(pong.toString(), 'still there?');
    await device.drop();
  }
  const uuid = randomUuid();
  const plain = await LegacyDevice.connect(stage.gateway(), { uuid });
  assert.equal(plain.socket.protocol, '');
  const chat = await LegacyDevice.connect(stage.gateway(), { uuid, protocols: ['chat'] });
  assert.equal(chat.socket.protocol, 'chat');
  await Promise.all([plain.drop(), chat.drop()]);
  for (const path of ['/nothing', '/v1/other']) {
    const response = await fetch(`http://${stage.gateway()}${path}`);
    assert.equal(response.status, 404, path);
    await response.arrayBuffer();
  }
  const info = await fetch(`http://${stage.gateway()}/comet-server/info`);
  assert.equal(info.headers.get('access-control-allow-origin'), '*');
  assert.deepEqual(await info.json(), { status: 'ok', node: stage.process().node });
});

test('bytes that are no HTTP harm nobody', async () => {
  for (const garbage of [
    '\x16\x03\x01\x02\x00\x01',
    'GET / HTTP/9.9\r\n\r\n',
    `GET /${text(70_000)}`,
  ]) {
    const socket = connect(stage.process().port, '127.0.0.1');
    socket.on('error', () => {}).resume();
    socket.end(garbage);
    await within(new Promise((resolve) => socket.on('close', resolve)), 'close');
    socket.destroy();
  }
  await innocent.undisturbed();
});
