import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLegacyCommand } from './legacy-commands.ts';
import { isFault } from './rules.ts';

const names = (count: number) => Array.from({ length: count }, (_, i) => `ch${i}`);
const subscriptions: [text: string, channels: string[], tooMany: boolean][] = [
  ['subscription', [], false],
  ['subscription\n', [], false],
  ['subscription\nab', ['ab'], false],
  ['subscription\nab\ncd\ntrack_r', ['ab', 'cd', 'track_r'], false],
  ['subscription\nch.event', ['ch', 'event'], false],
  ['subscription\na\nab\nb', ['ab'], false],
  ['subscription\nab\nab\nab', ['ab'], false],
  ['subscription\nmsg\nab\nmsg.ev', ['ab', 'ev'], false],
  ['subscription\nab cd,ef;gh\r\nij', ['ab', 'cd', 'ef', 'gh', 'ij'], false],
  ['subscription\näöü\nab', ['ab'], false],
  [`subscription\n${'x'.repeat(64)}`, ['x'.repeat(64)], false],
  [`subscription\n${'x'.repeat(65)}\nab`, ['ab'], true],
  [`subscription\n${names(32).join('\n')}`, names(32), false],
  [`subscription\n${['msg', ...names(32)].join('\n')}`, names(32), false],
  [`subscription\n${[...names(32), 'ch0'].join('\n')}`, names(32), false],
  [`subscription\n${names(33).join('\n')}`, names(32), true],
];
for (const [text, channels, tooMany] of subscriptions) {
  test(`[L12] ${JSON.stringify(text.slice(0, 60))} (${text.length})`, () => {
    assert.deepEqual(parseLegacyCommand(text, true), { name: 'subscription', channels, tooMany });
  });
}

test('[L12] to a socket that is not authorised private_ names are as if they were not there', () => {
  const hidden = [
    'private_a',
    `private_${'x'.repeat(64)}`,
    ...names(32).map((n) => `private_${n}`),
  ];
  const text = ['subscription', ...hidden, ...names(32)].join('\n');
  const answer = { name: 'subscription', channels: names(32), tooMany: false };
  assert.deepEqual(parseLegacyCommand(text, false), answer);
});

test('[L10] statistics are ignored', () =>
  assert.deepEqual(parseLegacyCommand('statistics\n{"a":1}', true), { name: 'statistics' }));

const publish = { name: 'web_pipe2', channel: 'web_chat', hidden: false, event: 'e' };
const taken: [text: string, command: object][] = [
  ['web_pipe2\nweb_chat\ne\n*\nhi', { ...publish, payload: 'hi' }],
  ['web_pipe2\n@web_chat\ne\n*\nhi', { ...publish, hidden: true, payload: 'hi' }],
  ['web_pipe2\nweb_chat\n\n*\n', { ...publish, event: '', payload: '' }],
  ['web_pipe2\nweb_chat\ne\n \n\n a\r\nb\n\n', { ...publish, payload: '\n a\r\nb\n\n' }],
  [
    'web_pipe2\nweb_chat\ne\n*\n\\\'"\u0000ä€😀\u2028',
    { ...publish, payload: '\\\'"\u0000ä€😀\u2028' },
  ],
  ['pipe_log\nweb_a\nm1\n', { name: 'pipe_log', channel: 'web_a', marker: 'm1' }],
  ['pipe_log\nweb_a', { name: 'pipe_log', channel: 'web_a', marker: '' }],
  ['pipe_count\nweb_a\nm1\n', { name: 'pipe_count', channel: 'web_a', marker: 'm1' }],
  ['track_pipe_users\ntrack_r\nm', { name: 'track_pipe_users', channel: 'track_r', marker: 'm' }],
  ['user_data\nm\n102', { name: 'user_data', marker: 'm', user: 102 }],
  ['user_data\n\n102\n', { name: 'user_data', marker: '', user: 102 }],
  ['user_status\n103', { name: 'user_status', user: 103 }],
  ['user_status\n103\n', { name: 'user_status', user: 103 }],
];
for (const [text, command] of taken) {
  test(`[L10] [L15] ${JSON.stringify(text)}`, () =>
    assert.deepEqual(parseLegacyCommand(text, true), command));
}

const refused: [text: string, field: string][] = [
  ['web_pipe2', 'web_pipe2'],
  ['web_pipe2\nweb_chat', 'web_pipe2'],
  ['web_pipe2\nweb_chat\ne\n*', 'web_pipe2'],
  ['web_pipe2\nwe\ne\n*\nhi', 'channel'],
  ['web_pipe2\n@@web_a\ne\n*\nhi', 'channel'],
  [`web_pipe2\nweb_${'x'.repeat(61)}\ne\n*\nhi`, 'channel'],
  ['web_pipe2\nweb_chat\na b\n*\nhi', 'event'],
  [`web_pipe2\nweb_chat\n${'e'.repeat(65)}\n*\nhi`, 'event'],
  ['web_pipe2\nweb_chat\ne\n\nhi', 'the third argument'],
  ['web_pipe2\nweb_chat\ne\n**\nhi', 'the third argument'],
  ['pipe_log', 'channel'],
  ['pipe_log\na b\nm', 'channel'],
  [`pipe_count\nweb_a\n${'m'.repeat(65)}`, 'marker'],
  ['track_pipe_users\n\nm', 'channel'],
  ['user_data\nm', 'user'],
  ['user_data\nm\n0', 'user'],
  ['user_data\nm\n1 ', 'user'],
  ['user_status', 'user'],
  ['user_status\nx', 'user'],
];
for (const [text, field] of refused) {
  test(`[L11] refused: ${JSON.stringify(text.slice(0, 60))}`, () => {
    const fault = parseLegacyCommand(text, true);
    assert.ok(isFault(fault), JSON.stringify(fault));
    assert.equal(fault.field, field);
  });
}

for (const text of [
  '',
  '\n',
  'x',
  'Subscription\na',
  ' subscription\na',
  'subscription a',
  'ping',
  '__proto__',
  '{"type":"ping"}',
]) {
  test(`[L10] ${JSON.stringify(text)} closes the connection`, () =>
    assert.equal(parseLegacyCommand(text, true), undefined));
}
