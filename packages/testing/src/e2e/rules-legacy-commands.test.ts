/** The commands of the old wire, [L10] to [L12] and [L15] to [L23], byte by byte over two gateways. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { statusChannel, type User } from '@encke/protocol';
import { eventually, LegacyDevice, type LegacyOptions, randomUuid } from '@encke/testing';
import { type Application, openApplication } from './application.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let app: Application;
before(async () => {
  stage = await openStage({ worker: true, env: { ENCKE_OFFLINE_GRACE: '0.2' } });
  app = await openApplication(stage);
});
after(() => stage?.close());

/** A page, with every line after the first frame as it came. */
async function open(gateway: 0 | 1, options: LegacyOptions = {}) {
  const uuid = options.uuid ?? randomUuid();
  const device = await LegacyDevice.connect(stage.gateway(gateway), { ...options, uuid });
  const lines: string[] = [];
  device.socket.prependListener('message', (text) => lines.push(...text.toString().split('\n')));
  stage.later(() => device.drop());
  const line = (n = 1) => device.until(`line ${n} of ${lines}`, () => lines[n - 1]);
  return { device, uuid, lines, line, send: (text: string) => device.send(text) };
}
type Page = Awaited<ReturnType<typeof open>>;

/** A line with its time, which must be about now, as T. */
function timeless(line: string): string {
  const time = Number(/"message_send_time":(\d+)/.exec(line)?.[1]);
  assert.ok(Math.abs(Date.now() / 1000 - time) < 120, line);
  return line.replace(/"message_send_time":\d+/, '"message_send_time":T');
}

/** Subscribed, and Redis knows. */
async function subscribe(page: Page, ...channels: string[]): Promise<void> {
  page.send(['subscription', ...channels].join('\n'));
  for (const channel of channels)
    await eventually(async () => {
      const members = await app.members(channel);
      assert.ok(
        members.some(({ device }) => device === page.uuid),
        channel,
      );
    });
}

const refusal = (error: string) =>
  `{"data":{"error":${JSON.stringify(error)},"number_messages":-1},"event":"error","message_send_time":T,"pipe":"sys"}`;

test('[L16] a message of the application server reaches every subscriber, and nobody else', async () => {
  const one = await open(0, await stage.person());
  const other = await open(1);
  const stranger = await open(1, { app: 2 });
  await subscribe(one, 'pipe1');
  await subscribe(other, 'pipe1', 'pipe2');
  stranger.send('subscription\npipe1');
  const { subscribers } = await app.publish('pipe1', 'plain text', 'ev1');
  assert.equal(subscribers, 2);
  for (const page of [one, other])
    assert.equal(
      timeless(await page.line()),
      '{"data":"plain text","event":"ev1","message_send_time":T,"pipe":"pipe1"}',
    );
  await app.publish('pipe2', { n: 1 }, '');
  assert.equal(
    timeless(await other.line(2)),
    '{"data":"{\\"n\\":1}","event":"","message_send_time":T,"pipe":"pipe2"}',
  );
  assert.deepEqual([one.lines.length, stranger.lines.length], [1, 0]);
});

test('[L16] [L14] an old script gets two more keys in it', async () => {
  const page = await open(0, { version: '3.24' });
  await subscribe(page, 'old_news');
  await app.publish('old_news', "it's", 'ev1');
  assert.equal(
    timeless(await page.line()),
    '{"data":"it\\u0027s","event":"ev1","message_send_time":T,"pipe":"old_news","event_name":"ev1","api_data":"it\\u0027s"}',
  );
});

test('[L15] [N4] a browser publishes: not echoed, answered with the number of those told', async () => {
  const person = await stage.person();
  const sender = await open(0, person);
  const twin = await open(0, person);
  const other = await open(1);
  for (const page of [sender, twin, other]) await subscribe(page, 'web_chat');
  sender.send('web_pipe2\nweb_chat\nev1\n*\nhi');
  assert.equal(
    timeless(await sender.line()),
    '{"data":{"message":"hi","number_messages":2},"event":"answer","message_send_time":T,"pipe":"_answer_to_web_chat"}',
  );
  for (const page of [twin, other])
    assert.equal(
      timeless(await page.line()),
      `{"data":"hi","event":"ev1","message_send_time":T,"pipe":"web_chat","user_id":${person.user}}`,
    );
  sender.send('web_pipe2\n@web_chat\nev2\n*\nwho');
  assert.equal(
    timeless(await other.line(2)),
    '{"data":"who","event":"ev2","message_send_time":T,"pipe":"web_chat","user_id":0}',
  );
  assert.equal(
    timeless(await sender.line(2)),
    '{"data":{"message":"who","number_messages":2},"event":"answer","message_send_time":T,"pipe":"_answer_to_web_chat"}',
  );
  other.send('web_pipe2\nweb_chat\n\n*\n');
  assert.equal(
    timeless(await sender.line(3)),
    '{"data":"","event":"","message_send_time":T,"pipe":"web_chat","user_id":0}',
  );
});

const payloads = [
  '\n a\r\n\nb\n',
  'it\'s \\ "quoted" \\\'',
  '\u0000\u2028ä€😀',
  '{"a":"b"}',
  'null',
];
payloads.push('x'.repeat(65_536));
test('[L15] every byte of a payload arrives as sent', async () => {
  const sender = await open(0, { version: '3.24' });
  const other = await open(1);
  await subscribe(other, 'web_bytes');
  for (const [i, payload] of payloads.entries()) {
    sender.send(`web_pipe2\nweb_bytes\n\n*\n${payload}`);
    assert.equal((JSON.parse(await other.line(i + 1)) as { data: string }).data, payload);
    const answer = JSON.parse(await sender.line(i + 1)) as { data: string; api_data: string };
    assert.equal((JSON.parse(answer.data) as { message: string }).message, payload);
    assert.equal(answer.api_data, answer.data);
  }
});

test('[L11] [L15] [N4] what may not be published is refused with a text, and the connection stays', async () => {
  const page = await open(0);
  const web = '`channel` must begin with web_, or with webauth_ when the key was accepted';
  const cases: [command: string, error: string][] = [
    ['web_pipe2\nnews\ne\n*\nhi', web],
    ['web_pipe2\nwebauth_a\ne\n*\nhi', web],
    ['web_pipe2\nprivate_a\ne\n*\nhi', web],
    ['web_pipe2\nweb_a\ne e\n*\nhi', '`event` may contain only A-Z a-z 0-9 _ -'],
    ['web_pipe2\nweb_a\ne\n**\nhi', '`the third argument` must be one character'],
    [`web_pipe2\nweb_a\ne\n*\n${'x'.repeat(65_537)}`, '`data` must be at most 65536 bytes'],
    ['pipe_count\nnews\nm', '`channel` must begin with web_ or track_'],
    ['track_pipe_users\nweb_a\nm', '`channel` must begin with track_'],
    ['pipe_log\nprivate_a\nm', '`channel` must be one that this socket may subscribe to'],
    ['pipe_log\nmsg\nm', '`channel` must be one that this socket may subscribe to'],
  ];
  for (const [i, [command, error]] of cases.entries()) {
    page.send(command);
    assert.equal(timeless(await page.line(i + 1)), refusal(error));
  }
  const known = await open(1, await stage.person());
  known.send('web_pipe2\nwebauth_a\ne\n*\nhi');
  assert.match(await known.line(), /"number_messages":0/);
});

test('[L17] pipe_log: what the channel keeps, oldest first, to the asking connection only', async () => {
  const person = await stage.person();
  const [one, other] = [await open(0, person), await open(1)];
  await app.keep('web_hist', 3);
  await subscribe(other, 'web_hist');
  for (const n of [0, 1, 2]) await app.publish('web_hist', `h${n}`, 'e1');
  one.send('web_pipe2\nweb_hist\ne2\n*\nh3');
  await other.line(4);
  one.send('pipe_log\nweb_hist\n4711\n');
  const lines: string[] = [];
  for (const n of [2, 3, 4]) lines.push(timeless(await one.line(n)));
  const kept = (data: string, event: string, user: number) =>
    `{"data":"${data}","event":"${event}","fromQueue":true,"history":true,"message_send_time":T,"pipe":"web_hist","user_id":${user}}`;
  assert.deepEqual(lines, [
    kept('h1', 'e1', 0),
    kept('h2', 'e1', 0),
    kept('h3', 'e2', person.user),
  ]);
  one.send('pipe_log\nnothing_here\n\n');
  one.send('pipe_count\nweb_hist\nlast');
  assert.match(await one.line(5), /"marker":"last"/);
  assert.equal(other.lines.length, 4);
});

test('[L18] pipe_count: the subscribers on all nodes', async () => {
  const pages = [await open(0), await open(0), await open(1)];
  for (const page of pages) await subscribe(page, 'web_count');
  pages[2]?.send('pipe_count\nweb_count\n8792306397\n');
  assert.equal(
    timeless((await pages[2]?.line()) ?? ''),
    '{"data":{"user_in_pipe":3},"event":"user_in_pipe","marker":"8792306397","message_send_time":T,"pipe":"_answer_pipe_count"}',
  );
});

test('[L19] [L23] [N9] a track_ channel: who is there, who joins, who leaves', async () => {
  const [a, b] = await stage.people(2);
  const one = await open(0, a);
  await subscribe(one, 'track_r');
  const other = await open(1, b);
  await subscribe(other, 'track_r', 'news');
  const who = (event: string) =>
    `{"data":{"user_id":${b?.user},"uuid":"${other.uuid}"},"event":"${event}","message_send_time":T,"pipe":"track_r"}`;
  assert.equal(timeless(await one.line(1)), who('subscription'));
  // The same list again, and a longer one: nobody joins or leaves. [N3]
  other.send('subscription\ntrack_r\nnews');
  await subscribe(other, 'track_r', 'more');
  one.send('track_pipe_users\ntrack_r\n77');
  const members = JSON.parse(await one.line(2)) as { data: { user_id: number }[] };
  members.data.sort((x, y) => x.user_id - y.user_id);
  assert.deepEqual(members.data, [
    { user_id: a?.user, uuid: one.uuid },
    { user_id: b?.user, uuid: other.uuid },
  ]);
  const frame = timeless(JSON.stringify({ ...members, data: 'D' }));
  assert.equal(
    frame,
    '{"data":"D","event":"answer","marker":"77","message_send_time":T,"pipe":"_answer"}',
  );
  other.send('subscription\nmore');
  assert.equal(timeless(await one.line(3)), who('unsubscription'));
  await subscribe(other, 'track_r');
  await one.line(4);
  await other.device.drop();
  assert.equal(timeless(await one.line(5)), who('unsubscription'));
  assert.deepEqual(other.lines, []);
});

test('[L12] [N2] private_ is for authorised sockets, and skipping it takes nothing else away', async () => {
  const known = await open(0, await stage.person());
  const anonymous = await open(1);
  await subscribe(known, 'private_a', 'news_p');
  anonymous.send('subscription\nprivate_a\nmsg\nnews_p');
  await eventually(async () => assert.equal(await app.count('news_p'), 2));
  assert.equal(await app.count('private_a'), 1);
  await app.publish('private_a', 'secret');
  await app.publish('news_p', 'open');
  await known.line(2);
  assert.match(await anonymous.line(), /"open"/);
  assert.equal(anonymous.lines.length, 1);
});

test('[L12] [N2] of more than 32 channels the first 32 are kept', async () => {
  const page = await open(0);
  const names = Array.from({ length: 33 }, (_, i) => `many_${i}`);
  page.send(['subscription', ...names].join('\n'));
  assert.equal(
    timeless(await page.line()),
    '{"data":{"code":"403","error":"Too many letters"},"event":"error","message_send_time":T,"pipe":"sys"}',
  );
  await eventually(async () => assert.equal(await app.count('many_31'), 1));
  assert.equal(await app.count('many_32'), 0);
});

test('[L20] user_data: what the application server stored, as text', async () => {
  const page = await open(0);
  const { user } = await stage.person();
  await app.cluster.setData(app.app, user as User, '{"n":1}');
  page.send(`user_data\nm1\n${user}`);
  assert.equal(
    timeless(await page.line()),
    `{"data":{"user_data":"{\\"n\\":1}","user_id":${user}},"event":"answer","marker":"m1","message_send_time":T,"pipe":"_answer"}`,
  );
  page.send('user_data\nm2\n999');
  assert.equal(
    timeless(await page.line(2)),
    '{"data":{"user_data":"","user_id":999},"event":"answer","marker":"m2","message_send_time":T,"pipe":"_answer"}',
  );
});

test('[L21] [L22] [N10] user_status and presence', async () => {
  const person = await stage.person();
  const { user } = person;
  const page = await open(0);
  await subscribe(page, statusChannel(user as User));
  const status = (ago: number) =>
    `{"data":{"data":0,"last_online_time":${ago}},"event":"user_status_${user}","message_send_time":T,"pipe":"_answer_user_status"}`;
  page.send(`user_status\n${user}`);
  assert.equal(timeless(await page.line(1)), status(-1));
  const watched = await open(1, person);
  assert.equal(
    await page.line(2),
    `{"data":"online","event":"online","pipe":"user_status_${user}"}`,
  );
  page.send(`user_status\n${user}`);
  assert.equal(timeless(await page.line(3)), status(0));
  await watched.device.drop();
  assert.equal(
    await page.line(4),
    `{"data":"offline","event":"offline","pipe":"user_status_${user}"}`,
  );
  page.send(`user_status\n${user}`);
  const { last_online_time } = (JSON.parse(await page.line(5)) as { data: Record<string, number> })
    .data;
  assert.ok(Number(last_online_time) >= 1 && Number(last_online_time) < 120);
});

test('[L14] messages of one tick come as lines of one text frame', async () => {
  const page = await open(0);
  await subscribe(page, 'burst');
  const sizes: number[] = [];
  page.device.socket.on('message', (text) => sizes.push(text.toString().split('\n').length));
  await Promise.all(Array.from({ length: 20 }, (_, i) => app.publish('burst', i)));
  await page.line(20);
  assert.ok(sizes.length < 20, `${sizes}`);
  assert.deepEqual(
    page.lines.map((line) => (JSON.parse(line) as { data: string }).data),
    Array.from({ length: 20 }, (_, i) => String(i)),
  );
});
