/** The rules [L1] to [L14] of PROTOCOL.md, line by line, over two gateways. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type Closed,
  eventually,
  LegacyDevice,
  legacyUrl,
  randomUuid,
  within,
} from '@encke/testing';
import { WebSocket } from 'ws';
import { openStage, type Person, type Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await openStage();
});
after(() => stage?.close());

const uuid = randomUuid();
const system = { event: 'error', pipe: 'sys' };
type Line = Readonly<Record<string, unknown>>;

/** A socket at `path`: its first frame's lines, and how it was closed if the server closes it. */
function open(path: string, protocols: string[] = []) {
  const socket = new WebSocket(`ws://${stage.gateway(1)}${path}`, protocols);
  socket.on('error', () => {});
  const first = new Promise<Line[]>((resolve, reject) => {
    socket.once('message', (text) => {
      const lines = text.toString().split('\n');
      resolve(lines.map((line) => JSON.parse(line) as Line));
    });
    socket.once('unexpected-response', (_request, { statusCode }) => {
      reject(new Error(`answered ${statusCode}`));
      socket.terminate();
    });
  });
  const closed = new Promise<Closed>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  return { socket, first: within(first, 'the first frame'), closed };
}

const fields = ({ user, key }: Person) =>
  `sesion=${key}&myid=${user}&devid=1&v=4.0&uuid=${uuid}&api=js`;

/** Opens and closes again; whether it was authorised. */
async function authorized(path: string): Promise<unknown> {
  const { socket, first } = open(path);
  const [info] = await first;
  socket.terminate();
  return info?.authorized;
}

test('[L1] the paths of the old wire', async () => {
  const person = await stage.person();
  for (const path of ['/ws/', '//ws/', '/comet-server/ws/', '//comet-server/ws/'])
    assert.equal(await authorized(path + fields(person)), true, path);
  await assert.rejects(open(`/wss/${fields(person)}`).first, /404/);
});

test('[L2] fields are read by name, in any order, percent-decoded', async () => {
  const { user, key } = await stage.person();
  const is = (text: string) => authorized(`/ws/${text}`);
  const rest = `devid=1&uuid=${uuid}`;
  assert.equal(await is(`api=js&v=3.24&${rest}&x=y&myid=${user}&sesion=${key}`), true);
  const coded = key.replace('-', '%2D');
  assert.equal(await is(`sesion=${coded}&myid=${user}&${rest}&v=4`), true);
  for (const sesion of ['undefined', '', 'k'.repeat(4_097), '%ff'])
    assert.equal(await is(`sesion=${sesion}&myid=${user}&${rest}&v=4.0`), false);
  assert.equal(await is(`myid=0&${rest}&v=4.0`), false);
});

test('[L3] a fault of the URL: one frame that names it, then a clean close', async () => {
  const good = { myid: '7', devid: '1', v: '4.0', uuid };
  const cases: [error_code: number, text: string, fault: object][] = [
    [401, '`myid` must be an integer from 1 to 999999999', { myid: '' }],
    [401, '`myid` must be an integer from 1 to 999999999', { myid: '007', devid: 'x' }],
    [406, '`devid` must be an integer from 0 to 999999999', { devid: '1.5', uuid: '' }],
    [418, '`v` must be the version of the script', { v: 'new' }],
    [418, '`uuid` must be 32 characters of A-Z a-z 0-9 _ -', { uuid: 'short' }],
  ];
  for (const [error_code, error, fault] of cases) {
    const url = new URLSearchParams({ ...good, ...fault }).toString();
    const { first, closed } = open(`/ws/sesion=k&${url}`);
    const [line = {}, ...more] = await first;
    const { message_send_time: time, data, event_name: _, api_data: __, ...frame } = line;
    const shown = typeof data === 'string' ? JSON.parse(data) : data;
    assert.deepEqual(shown, { error, error_code, info: 'Closed due to error. See last message.' });
    assert.deepEqual([frame, more], [system, []]);
    assert.ok(Math.abs(Number(time) - Date.now() / 1000) < 60, 'seconds since 1970');
    assert.equal((await within(closed, 'close')).code, 1000);
  }
});

test('[L4] the first frame says who is authorised', async () => {
  const { user, key } = await stage.person();
  const line = async (sesion: string) => {
    const { socket, first } = open(`/ws/${fields({ user, key: sesion })}`);
    const [{ message_send_time: time, ...info } = {}] = await first;
    assert.ok(Math.abs(Number(time) - Date.now() / 1000) < 60);
    assert.equal(socket.readyState, WebSocket.OPEN);
    socket.terminate();
    return info;
  };
  const same = { event: 'serverInfo', pipe: 'sys', server: stage.process(1).node };
  assert.deepEqual(await line(key), { ...same, authorized: true, data: key });
  assert.deepEqual(await line('wrong'), { ...same, authorized: false, data: '' });
});

test('[L5] the subprotocol chat, if it is offered', async () => {
  for (const [offered, wanted] of [
    [[], ''],
    [['chat'], 'chat'],
    [['x', 'chat'], 'chat'],
  ] as const) {
    const { socket, first } = open(`/ws/${legacyUrl('').split('/ws/')[1]}`, [...offered]);
    await first;
    assert.equal(socket.protocol, wanted);
    socket.terminate();
  }
});

test('[L6] [L14] a private message, from the inbox and live, to scripts of 4.0 and before', async (t) => {
  const person = await stage.person();
  const waiting = await stage.api.send(person.user, 'hello', { event: 'ev1' });
  const silent = { ...person, autoPong: false };
  const now = await LegacyDevice.connect(stage.gateway(0), { ...silent, version: '4.0' });
  const old = await LegacyDevice.connect(stage.gateway(1), { ...silent, version: '3.9' });
  t.after(() => Promise.all([now.drop(), old.drop()]));
  const live = await stage.api.send(person.user, { n: 1 }, { event: 'ev2' });
  for (const device of [now, old]) await device.message(2);
  const queued = {
    data: 'hello',
    event: 'ev1',
    fromQueue: true,
    message_send_time: now.messages[0]?.message_send_time,
    pipe: 'msg',
    uuid: waiting.id,
  };
  assert.ok(Math.abs(Number(queued.message_send_time) - Date.now() / 1000) < 60);
  const sent = { data: '{"n":1}', event: 'ev2', pipe: 'msg', uuid: live.id };
  assert.deepEqual(now.messages, [queued, sent]);
  assert.deepEqual(old.messages, [
    { ...queued, event_name: 'ev1', api_data: 'hello' },
    { ...sent, event_name: 'ev2', api_data: '{"n":1}' },
  ]);
});

test('[L14] scripts before 4.0 get two more keys in sys frames, and data as a string', async () => {
  const device = await LegacyDevice.connect(stage.gateway(1), { version: '3.24' });
  const { event_name, api_data } = await device.ready;
  assert.deepEqual([event_name, api_data], ['serverInfo', '']);
  device.send('pipe_log\nab\n1\n');
  const second = await device.until('the refusal', () => device.frames[1]);
  const { message_send_time: _, ...refusal } = second;
  const error = '`channel` must be 3 to 64 characters of A-Z a-z 0-9 _ -';
  const data = JSON.stringify({ error, number_messages: -1 });
  assert.deepEqual(refusal, { ...system, data, event_name: 'error', api_data: data });
  await device.drop();
});

test('[L14] several lines come in one text frame', async () => {
  const { user, key } = await stage.person();
  await stage.api.sendMany([1, 2, 3].map((data) => ({ user, data })));
  const { socket, first } = open(`/ws/${fields({ user, key })}`);
  assert.deepEqual(
    (await first).map(({ event, data }) => [event, data]),
    [['serverInfo', key], ...['1', '2', '3'].map((data) => ['', data])],
  );
  socket.terminate();
});

test('[L7] [L8] data is a string, written so that the old script reads what was sent', async () => {
  const person = await stage.person();
  const device = await LegacyDevice.connect(stage.gateway(1), person);
  const raw: string[] = [];
  device.socket.on('message', (text) => raw.push(text.toString()));
  const cases: [data: unknown, arrives: string][] = [
    ["it's", "it's"],
    ["a\\'b\\", "a\\'b\\"],
    [{ text: "it's" }, '{"text":"it\'s"}'],
    [null, 'null'],
    [1.5, '1.5'],
    ['{"n": 1}', '{"n": 1}'],
  ];
  for (const [i, [data, arrives]] of cases.entries()) {
    await stage.api.send(person.user, data);
    assert.equal((await device.message(i + 1)).data, arrives);
  }
  assert.ok(!raw.join().includes("'"), 'no bare apostrophe');
  await device.drop();
});

test('[L9] a page that reloads gets its last seconds again, with the same uuid', async () => {
  const reload = async () => {
    const person = await stage.person();
    const page = { ...person, uuid: randomUuid() };
    const before = await LegacyDevice.connect(stage.gateway(0), page);
    const { id } = await stage.api.send(person.user, 'just now');
    assert.equal((await before.message(1)).uuid, id);
    await eventually(async () => assert.deepEqual(await stage.api.undelivered(person.user), []));
    await before.drop();
    const reloaded = await LegacyDevice.connect(stage.gateway(1), page);
    assert.equal((await reloaded.message(1, 5_000)).uuid, id);
    await reloaded.drop();
  };
  // On a machine that is very busy those seconds may be over before the page is back.
  await eventually(reload, { timeout: 60_000 });
});

test('[L10] [L11] commands: ignored, refused, or the end', async () => {
  const device = await LegacyDevice.connect(stage.gateway(1), {});
  device.send('statistics\n{"n":1}');
  const channel = '`channel` must be 3 to 64 characters of A-Z a-z 0-9 _ -';
  const user = '`user` must be an integer from 1 to 999999999';
  const refusals = [
    ['web_pipe2\na\nb\n', '`web_pipe2` must have four arguments'],
    ['pipe_log\na\nb\n', channel],
    ['pipe_count\na\nb\n', channel],
    ['track_pipe_users\na\nb\n', channel],
    ['user_data\na\nb\n', user],
    ['user_status\na\n', user],
  ];
  for (const [command = ''] of refusals) device.send(command);
  await device.until('the refusals', () => device.frames[refusals.length]);
  assert.deepEqual(
    device.frames.slice(1).map(({ message_send_time: _, ...frame }) => frame),
    refusals.map(([, error]) => ({ ...system, data: { error, number_messages: -1 } })),
  );
  await device.drop();
  const cases: [frame: string | Buffer, code: number, binary?: true][] = [
    ['shutdown', 1000],
    ['', 1000],
    ['statistics', 1000, true],
    [Buffer.from([0x73, 0xff]), 1007],
    ['x'.repeat(66_561), 1009],
  ];
  for (const [frame, code, binary = false] of cases) {
    const other = await LegacyDevice.connect(stage.gateway(1), {});
    other.socket.send(frame, { binary });
    assert.equal((await within(other.closed, 'close')).code, code);
  }
});

test('[L12] subscription: no answer, unless it is too much', async () => {
  const device = await LegacyDevice.connect(stage.gateway(1), {});
  const names = Array.from({ length: 32 }, (_, i) => `channel-${i}`);
  device.send('subscription');
  device.send(`subscription\n${names.join('\n')}\n${names.join(' ')}\na`);
  device.send(`subscription\n${[...names, 'one-more'].join('\n')}`);
  await device.until('an answer', () => device.frames[1]);
  device.send(`subscription\n${'x'.repeat(65)}`);
  await device.until('another answer', () => device.frames[2]);
  const data = { code: '403', error: 'Too many letters' };
  assert.deepEqual(
    device.frames.slice(1).map(({ message_send_time: _, ...frame }) => frame),
    [
      { ...system, data },
      { ...system, data },
    ],
  );
  await device.drop();
});

test('[L13] an unclean close brings a page back, a clean one keeps it away', async () => {
  const person = await stage.person();
  const codeAfter = async (act: () => Promise<unknown>) => {
    const device = await LegacyDevice.connect(stage.gateway(1), person);
    await act();
    return (await within(device.closed, 'close')).code;
  };
  assert.equal(await codeAfter(() => stage.api.disconnect(person.user, true)), 1006);
  assert.equal(await codeAfter(() => stage.api.disconnect(person.user)), 1000);
  assert.equal(await codeAfter(() => stage.api.removeHash(person.user)), 1006);
});
