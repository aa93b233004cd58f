import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeLegacyMessage,
  encodeRefusal,
  encodeServerInfo,
  encodeTooMany,
} from './legacy-frames.ts';

const stored = { seq: 42, time: 1795353949567, event: 'ev1', data: '"hello"' };
const id = 'k3v9x0q2ab-42';

test('[L6] a message that is sent live, literally', () => {
  assert.equal(
    encodeLegacyMessage(id, stored, false, false),
    '{"data":"hello","event":"ev1","pipe":"msg","uuid":"k3v9x0q2ab-42"}',
  );
});

test('[L6] and one from the inbox', () => {
  assert.equal(
    encodeLegacyMessage(id, stored, true, false),
    '{"data":"hello","event":"ev1","fromQueue":true,"message_send_time":1795353949,"pipe":"msg","uuid":"k3v9x0q2ab-42"}',
  );
});

test('[L14] an old script gets two more keys', () => {
  assert.equal(
    encodeLegacyMessage(id, stored, false, true),
    '{"data":"hello","event":"ev1","pipe":"msg","uuid":"k3v9x0q2ab-42","event_name":"ev1","api_data":"hello"}',
  );
  const queued = JSON.parse(encodeLegacyMessage(id, stored, true, true));
  assert.deepEqual([queued.event_name, queued.api_data, queued.fromQueue], ['ev1', 'hello', true]);
});

/** What the script does with a frame before it hands out `data`. */
const asScript = (frame: string) => JSON.parse(frame.replace(/\\'/g, "'"));

const texts = [
  '',
  "it's",
  "\\'",
  "\\\\'",
  "'",
  '"',
  '\\',
  'a\nb\r\n\t',
  '\u2028',
  'ä€😀',
  '{"a":1}',
];
for (const text of texts) {
  for (const old of [false, true]) {
    test(`[L7] [L8] the text ${JSON.stringify(text)} arrives as it was sent, old: ${old}`, () => {
      const message = { ...stored, data: JSON.stringify(text) };
      const frame = encodeLegacyMessage(id, message, true, old);
      assert.equal(asScript(frame).data, text);
      if (old) assert.equal(asScript(frame).api_data, text);
      assert.ok(!frame.includes('\n') && !frame.includes("'"), 'one line without an apostrophe');
    });
  }
}

for (const value of [0, -1.5, true, null, [], {}, { a: "it's", b: ['\\'] }, [1, 'a\nb']]) {
  test(`[L7] the value ${JSON.stringify(value)} is sent as its JSON text`, () => {
    const frame = encodeLegacyMessage(id, { ...stored, data: JSON.stringify(value) }, false, false);
    const { data } = asScript(frame);
    assert.equal(typeof data, 'string');
    assert.deepEqual(JSON.parse(data), value);
  });
}

function system(text: string) {
  const { message_send_time, ...frame } = JSON.parse(text);
  assert.ok(Math.abs(Date.now() / 1000 - message_send_time) < 5, String(message_send_time));
  assert.ok(Number.isInteger(message_send_time), 'whole seconds');
  return frame;
}

test('[L4] the first frame', () => {
  assert.deepEqual(system(encodeServerInfo(true, 'hash', 'node', false)), {
    ...{ authorized: true, data: 'hash', event: 'serverInfo', server: 'node', pipe: 'sys' },
  });
  assert.deepEqual(system(encodeServerInfo(false, 'hash', 'node', false)), {
    ...{ authorized: false, data: '', event: 'serverInfo', server: 'node', pipe: 'sys' },
  });
});

test('[L4] [L14] the first frame for an old script', () => {
  assert.deepEqual(system(encodeServerInfo(true, 'hash', 'node', true)), {
    ...{ authorized: true, data: 'hash', event: 'serverInfo', server: 'node', pipe: 'sys' },
    ...{ event_name: 'serverInfo', api_data: 'hash' },
  });
});

test('[L11] a refused command', () => {
  const data = { error: 'no', number_messages: -1 };
  assert.deepEqual(system(encodeRefusal('no', false)), { data, event: 'error', pipe: 'sys' });
  const old = system(encodeRefusal('no', true));
  assert.deepEqual([JSON.parse(old.data), old.api_data], [data, old.data]);
});

test('[L12] too many channels', () => {
  assert.deepEqual(system(encodeTooMany(false)), {
    data: { code: '403', error: 'Too many letters' },
    ...{ event: 'error', pipe: 'sys' },
  });
});

test('no frame has an `error` at the top: the script would give up for ever', () => {
  for (const frame of [encodeRefusal('no', true), encodeTooMany(true)]) {
    assert.equal('error' in JSON.parse(frame), false);
  }
});
