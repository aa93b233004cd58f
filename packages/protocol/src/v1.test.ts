import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from './rules.ts';
import { encodeFrame, encodeMessage, parseClientFrame } from './v1.ts';

const taken: [text: string, frame: object][] = [
  ['{"type":"hello","app":0}', { type: 'hello', app: 0 }],
  ['{"type":"hello","app":1,"user":7}', { type: 'hello', app: 1, user: 7 }],
  ['{"type":"hello","app":"1","user":"7"}', { type: 'hello', app: 1, user: 7 }],
  ['{"type":"hello","app":1,"user":0}', { type: 'hello', app: 1 }],
  ['{"type":"hello","app":1,"user":"0"}', { type: 'hello', app: 1 }],
  ['{"type":"hello","app":1,"key":"k"}', { type: 'hello', app: 1, key: 'k' }],
  [
    '{"type":"hello","app":1,"user":7,"key":"k","device":"d","resume":{"epoch":"a1","seq":41}}',
    { type: 'hello', app: 1, user: 7, key: 'k', device: 'd', resume: { epoch: 'a1', seq: 41 } },
  ],
  ['{"type":"hello","app":1,"resume":null}', { type: 'hello', app: 1 }],
  [
    '{"type":"hello","app":1,"resume":{"epoch":"a","seq":0,"more":1}}',
    { type: 'hello', app: 1, resume: { epoch: 'a', seq: 0 } },
  ],
  ['{"type":"ack","seq":0}', { type: 'ack', seq: 0 }],
  ['{"type":"ack","seq":9007199254740991}', { type: 'ack', seq: 9007199254740991 }],
  ['{"type":"ack","seq":5,"epoch":"k3v9x0q2ab"}', { type: 'ack', seq: 5, epoch: 'k3v9x0q2ab' }],
  ['{"type":"ping"}', { type: 'ping' }],
  ['{"type":"ping","unknown":{"field":1}}', { type: 'ping' }],
  [' {"type" : "ping"} ', { type: 'ping' }],
];

for (const [text, frame] of taken) {
  test(`[V2] ${text}`, () => assert.deepEqual(parseClientFrame(text), frame));
}

const refused: [text: string, field: string][] = [
  ['', 'frame'],
  ['nonsense', 'frame'],
  ['{"type":"ping"', 'frame'],
  ['{"type":"ping"}{"type":"ping"}', 'frame'],
  ['null', 'frame'],
  ['7', 'frame'],
  ['"ping"', 'frame'],
  ['[{"type":"ping"}]', 'frame'],
  ['{}', 'type'],
  ['{"type":7}', 'type'],
  ['{"type":"Ping"}', 'type'],
  ['{"type":"message"}', 'type'],
  ['{"type":"__proto__"}', 'type'],
  ['{"__proto__":{"type":"ping"}}', 'type'],
  ['{"type":"hello"}', 'app'],
  ['{"type":"hello","app":-1}', 'app'],
  ['{"type":"hello","app":1.5}', 'app'],
  ['{"type":"hello","app":1000000000}', 'app'],
  ['{"type":"hello","app":1,"user":-7}', 'user'],
  ['{"type":"hello","app":1,"user":"x"}', 'user'],
  ['{"type":"hello","app":1,"user":null}', 'user'],
  ['{"type":"hello","app":1,"key":7}', 'key'],
  [`{"type":"hello","app":1,"key":"${'k'.repeat(4097)}"}`, 'key'],
  ['{"type":"hello","app":1,"device":""}', 'device'],
  ['{"type":"hello","app":1,"device":"a b"}', 'device'],
  ['{"type":"hello","app":1,"resume":41}', 'resume'],
  ['{"type":"hello","app":1,"resume":{"seq":41}}', 'resume.epoch'],
  ['{"type":"hello","app":1,"resume":{"epoch":"","seq":41}}', 'resume.epoch'],
  ['{"type":"hello","app":1,"resume":{"epoch":"A b","seq":41}}', 'resume.epoch'],
  ['{"type":"hello","app":1,"resume":{"epoch":"a"}}', 'resume.seq'],
  ['{"type":"hello","app":1,"resume":{"epoch":"a","seq":-1}}', 'resume.seq'],
  ['{"type":"hello","app":1,"resume":{"epoch":"a","seq":"41"}}', 'resume.seq'],
  ['{"type":"hello","app":1,"resume":{"epoch":"a","seq":9007199254740992}}', 'resume.seq'],
  ['{"type":"ack"}', 'seq'],
  ['{"type":"ack","seq":-1}', 'seq'],
  ['{"type":"ack","seq":1.5}', 'seq'],
  ['{"type":"ack","seq":"5"}', 'seq'],
  ['{"type":"ack","seq":1e300}', 'seq'],
  ['{"type":"ack","seq":5,"epoch":7}', 'epoch'],
  ['{"type":"ack","seq":5,"epoch":"A b"}', 'epoch'],
];

for (const [text, field] of refused) {
  test(`[V2] not ${text.slice(0, 90)}`, () => {
    const fault = parseClientFrame(text);
    assert.ok(isFault(fault), JSON.stringify(fault));
    assert.equal(fault.field, field);
  });
}

test('[V3] a key has at most 4096 characters', () => {
  const key = 'k'.repeat(4096);
  assert.deepEqual(parseClientFrame(JSON.stringify({ type: 'hello', app: 1, key })), {
    ...{ type: 'hello', app: 1, key },
  });
});

test('[V4] [V7] [V8] [V9] frames of the server, literally', () => {
  assert.equal(
    encodeFrame({ type: 'ready', authorized: false, session: 'n.1', resumed: false }),
    '{"type":"ready","authorized":false,"session":"n.1","resumed":false}',
  );
  assert.equal(
    encodeFrame({ type: 'missed', epoch: 'e', seq: 0 }),
    '{"type":"missed","epoch":"e","seq":0}',
  );
  assert.equal(
    encodeFrame({ type: 'going-away', reconnectIn: 412 }),
    '{"type":"going-away","reconnectIn":412}',
  );
  assert.equal(encodeFrame({ type: 'pong' }), '{"type":"pong"}');
});

const message = { seq: 42, time: 1795359467569, event: 'chat', data: '{"text":"hi"}' };

test('[V5] a message, literally', () => {
  assert.equal(
    encodeMessage('k-42', message, false),
    '{"type":"message","seq":42,"id":"k-42","event":"chat","data":{"text":"hi"},"time":1795359467569}',
  );
  assert.equal(
    encodeMessage('k-42', { ...message, event: '' }, true),
    '{"type":"message","seq":42,"id":"k-42","event":"","data":{"text":"hi"},"time":1795359467569,"queued":true}',
  );
});

for (const data of [
  'text',
  '',
  'it\'s \\ "quoted"\n',
  0,
  -1.5e-7,
  true,
  null,
  [],
  {},
  ['ä€😀\u2028', [[]]],
]) {
  test(`[V5] data is the value that was sent: ${JSON.stringify(data)}`, () => {
    const text = encodeMessage('k-42', { ...message, data: JSON.stringify(data) }, true);
    assert.deepEqual(JSON.parse(text).data, data);
  });
}
