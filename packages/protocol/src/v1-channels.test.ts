import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from './rules.ts';
import { encodeFrame, parseClientFrame } from './v1.ts';
import { encodeChannel, encodeHistory, encodeUserData } from './v1-channels.ts';

const taken: [text: string, frame: object][] = [
  ['{"type":"subscribe","channel":"news"}', { type: 'subscribe', channel: 'news' }],
  [
    '{"type":"subscribe","channel":"news","position":{"epoch":"k3","seq":12}}',
    { type: 'subscribe', channel: 'news', position: { epoch: 'k3', seq: 12 } },
  ],
  ['{"type":"subscribe","channel":"news","position":null}', { type: 'subscribe', channel: 'news' }],
  ['{"type":"unsubscribe","channel":"news"}', { type: 'unsubscribe', channel: 'news' }],
  [
    '{"type":"publish","ref":1,"channel":"web_chat","event":"e","data":"hi","hidden":true}',
    { type: 'publish', ref: 1, channel: 'web_chat', event: 'e', data: '"hi"', hidden: true },
  ],
  [
    '{"type":"publish","ref":"r","channel":"web_chat","data":null}',
    { type: 'publish', ref: 'r', channel: 'web_chat', event: '', data: 'null', hidden: false },
  ],
  ['{"type":"history","ref":0,"channel":"abc"}', { type: 'history', ref: 0, channel: 'abc' }],
  ['{"type":"count","ref":"","channel":"web_a"}', { type: 'count', ref: '', channel: 'web_a' }],
  ['{"type":"members","ref":4,"channel":"abc"}', { type: 'members', ref: 4, channel: 'abc' }],
  ['{"type":"user-data","ref":5,"user":102}', { type: 'user-data', ref: 5, user: 102 }],
  ['{"type":"user-status","ref":-6.5,"user":"7"}', { type: 'user-status', ref: -6.5, user: 7 }],
];
for (const [text, frame] of taken)
  test(`[V12] ${text}`, () => assert.deepEqual(parseClientFrame(text), frame));

const refused: [text: string, names: object, field: string][] = [
  ['{"type":"subscribe","channel":"ab"}', { channel: 'ab' }, 'channel'],
  ['{"type":"unsubscribe","channel":"a b"}', { channel: 'a b' }, 'channel'],
  ['{"type":"subscribe","channel":"abc","position":1}', { channel: 'abc' }, 'position'],
  [
    '{"type":"subscribe","channel":"abc","position":{"epoch":"A","seq":1}}',
    { channel: 'abc' },
    'position.epoch',
  ],
  [
    '{"type":"subscribe","channel":"abc","position":{"epoch":"a","seq":-1}}',
    { channel: 'abc' },
    'position.seq',
  ],
  ['{"type":"publish","ref":1,"channel":"a","data":1}', { ref: 1 }, 'channel'],
  ['{"type":"publish","ref":1,"channel":"web_a","event":"a b","data":1}', { ref: 1 }, 'event'],
  ['{"type":"publish","ref":1,"channel":"web_a"}', { ref: 1 }, 'data'],
  ['{"type":"publish","ref":1,"channel":"web_a","data":1,"hidden":1}', { ref: 1 }, 'hidden'],
  ['{"type":"history","ref":"x","channel":7}', { ref: 'x' }, 'channel'],
  ['{"type":"count","ref":2}', { ref: 2 }, 'channel'],
  ['{"type":"user-data","ref":2,"user":0}', { ref: 2 }, 'user'],
  ['{"type":"user-status","ref":2}', { ref: 2 }, 'user'],
];
for (const [text, names, field] of refused) {
  test(`[V12] refused, and the socket stays: ${text}`, () => {
    const frame = parseClientFrame(text) as unknown as Record<string, string>;
    const { message, ...rest } = frame;
    assert.deepEqual(rest, { type: 'refused', code: 'bad-request', ...names });
    assert.ok(message?.startsWith(`\`${field}\``), message);
  });
}

const deep = `${'['.repeat(60_000)}${']'.repeat(60_000)}`;
test('[V12] data nested too deeply does no harm', () => {
  const frame = parseClientFrame(`{"type":"publish","ref":1,"channel":"web_a","data":${deep}}`);
  assert.ok(!isFault(frame));
  assert.ok(['publish', 'refused'].includes(frame.type));
});

const unanswerable: [text: string, field: string][] = [
  ['{"type":"subscribe"}', 'channel'],
  ['{"type":"subscribe","channel":7}', 'channel'],
  [`{"type":"subscribe","channel":"${'x'.repeat(65)}"}`, 'channel'],
  ['{"type":"publish","channel":"web_a","data":1}', 'ref'],
  ['{"type":"publish","ref":null,"channel":"web_a","data":1}', 'ref'],
  ['{"type":"history","ref":{},"channel":"abc"}', 'ref'],
  ['{"type":"count","ref":1e999,"channel":"abc"}', 'ref'],
  [`{"type":"members","ref":"${'r'.repeat(65)}","channel":"abc"}`, 'ref'],
  ['{"type":"user-data","user":7}', 'ref'],
];
for (const [text, field] of unanswerable) {
  test(`[V2] [V12] nothing to answer to: ${text.slice(0, 80)}`, () => {
    const fault = parseClientFrame(text);
    assert.ok(isFault(fault), JSON.stringify(fault));
    assert.equal(fault.field, field);
  });
}

const message = { id: 'x', event: 'e', data: '{"n":1}', time: 1795359467569 };
const position = { epoch: 'k3v9x0q2ab', seq: 13 };

test('[V14] a channel message, literally', () => {
  assert.equal(
    encodeChannel('news', { ...message, position }, false),
    '{"type":"channel","channel":"news","id":"x","event":"e","data":{"n":1},"time":1795359467569,"epoch":"k3v9x0q2ab","seq":13}',
  );
  assert.equal(
    encodeChannel('web_chat', { ...message, data: '"hi"', user: 0 }, true),
    '{"type":"channel","channel":"web_chat","id":"x","event":"e","data":"hi","time":1795359467569,"user":0,"history":true}',
  );
});

test('[V16] answers, literally', () => {
  assert.equal(
    encodeHistory(2, [{ ...message, position }, message], position),
    '{"type":"history","ref":2,"messages":[{"id":"x","event":"e","data":{"n":1},"time":1795359467569,"epoch":"k3v9x0q2ab","seq":13},{"id":"x","event":"e","data":{"n":1},"time":1795359467569}],"epoch":"k3v9x0q2ab","seq":13}',
  );
  assert.equal(
    encodeHistory('"r"', [], undefined),
    '{"type":"history","ref":"\\"r\\"","messages":[]}',
  );
  assert.equal(encodeUserData(5, '{"n":1}'), '{"type":"user-data","ref":5,"data":{"n":1}}');
  assert.equal(encodeUserData(5, undefined), '{"type":"user-data","ref":5,"data":null}');
});

test('[V13] [V15] [V17] [V18] plain frames are written as they are declared', () => {
  assert.equal(
    encodeFrame({ type: 'subscribed', channel: 'news', epoch: 'k', seq: 12, recovered: true }),
    '{"type":"subscribed","channel":"news","epoch":"k","seq":12,"recovered":true}',
  );
  assert.equal(
    encodeFrame({ type: 'channel-missed', channel: 'news', epoch: 'x', seq: 20 }),
    '{"type":"channel-missed","channel":"news","epoch":"x","seq":20}',
  );
});
