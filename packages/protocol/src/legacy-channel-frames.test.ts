import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeLegacyChannel,
  encodeLegacyCount,
  encodeLegacyMembers,
  encodeLegacyMembership,
  encodeLegacyPresence,
  encodeLegacyPublished,
  encodeLegacyUserData,
  encodeLegacyUserStatus,
} from './legacy-frames.ts';

const message = { id: 'x', time: 1795353949_700, event: 'ev1', data: '"plain text"' };
const place = { epoch: 'a', seq: 3 };

test('[L16] a channel message, literally', () => {
  assert.equal(
    encodeLegacyChannel('pipe1', { ...message, position: place }, false, false),
    '{"data":"plain text","event":"ev1","message_send_time":1795353949,"pipe":"pipe1"}',
  );
  assert.equal(
    encodeLegacyChannel('web_chat', { ...message, data: '"hi"', user: 101 }, false, false),
    '{"data":"hi","event":"ev1","message_send_time":1795353949,"pipe":"web_chat","user_id":101}',
  );
  assert.equal(
    encodeLegacyChannel('web_chat', { ...message, data: '{"a":1}', user: 0 }, false, false),
    '{"data":"{\\"a\\":1}","event":"ev1","message_send_time":1795353949,"pipe":"web_chat","user_id":0}',
  );
});

test('[L16] [L14] a channel message for an old script, literally', () =>
  assert.equal(
    encodeLegacyChannel('web_chat', { ...message, data: '"hi"', user: 101 }, false, true),
    '{"data":"hi","event":"ev1","message_send_time":1795353949,"pipe":"web_chat","user_id":101,"event_name":"ev1","api_data":"hi"}',
  ));

test('[L17] a line of a history, literally', () => {
  const line =
    '{"data":"h1","event":"e1","fromQueue":true,"history":true,"message_send_time":1795353949,"pipe":"web_hist","user_id":0}';
  const kept = { ...message, event: 'e1', data: '"h1"' };
  assert.equal(encodeLegacyChannel('web_hist', kept, true, false), line);
  assert.equal(
    encodeLegacyChannel('web_hist', { ...kept, user: 7 }, true, false),
    line.replace('"user_id":0', '"user_id":7'),
  );
});

/** The frame without its time, which is now. */
function timeless(text: string): string {
  assert.ok(!text.includes('\n') && !text.includes("'"), 'one line without an apostrophe');
  const time = Number(/"message_send_time":(\d+)/.exec(text)?.[1]);
  assert.ok(Math.abs(Date.now() / 1000 - time) < 5, text);
  return text.replace(/"message_send_time":\d+,/, '');
}

test('[L15] the answer to a web_pipe2, literally', () => {
  assert.equal(
    timeless(encodeLegacyPublished('web_chat', 'hi', 2, false)),
    '{"data":{"message":"hi","number_messages":2},"event":"answer","pipe":"_answer_to_web_chat"}',
  );
  assert.equal(
    timeless(encodeLegacyPublished('web_chat', "it's", 2, true)),
    '{"data":"{\\"message\\":\\"it\\\\u0027s\\",\\"number_messages\\":2}","event":"answer","pipe":"_answer_to_web_chat","event_name":"answer","api_data":"{\\"message\\":\\"it\\\\u0027s\\",\\"number_messages\\":2}"}',
  );
});

for (const payload of ['', "it's", '\\', '"', 'a\nb\u0000\u2028ä€😀', '{"a":1}']) {
  for (const old of [false, true]) {
    test(`[L15] the answer repeats ${JSON.stringify(payload)}, old: ${old}`, () => {
      const { data } = JSON.parse(encodeLegacyPublished('web_chat', payload, 0, old));
      assert.equal((old ? JSON.parse(data) : data).message, payload);
    });
  }
}

test('[L18] a count, literally', () =>
  assert.equal(
    timeless(encodeLegacyCount('8792306397', 2, false)),
    '{"data":{"user_in_pipe":2},"event":"user_in_pipe","marker":"8792306397","pipe":"_answer_pipe_count"}',
  ));

const people = [
  { user: 301, device: 'u1', session: 's1' },
  { user: 0, device: 'u2', session: 's2' },
];

test('[L19] members, literally', () => {
  assert.equal(
    timeless(encodeLegacyMembers('m', people, false)),
    '{"data":[{"user_id":301,"uuid":"u1"},{"user_id":0,"uuid":"u2"}],"event":"answer","marker":"m","pipe":"_answer"}',
  );
  const old = JSON.parse(encodeLegacyMembers("'", people, true));
  assert.deepEqual(JSON.parse(old.data)[1], { user_id: 0, uuid: 'u2' });
  assert.deepEqual([old.marker, old.api_data, old.event_name], ["'", old.data, 'answer']);
});

test('[L20] user data, literally', () => {
  const frame = (data: string | undefined) => timeless(encodeLegacyUserData('m', 102, data, false));
  assert.equal(
    frame('{"n":1}'),
    '{"data":{"user_data":"{\\"n\\":1}","user_id":102},"event":"answer","marker":"m","pipe":"_answer"}',
  );
  assert.equal(JSON.parse(frame('"it\'s"')).data.user_data, "it's");
  assert.equal(JSON.parse(frame(undefined)).data.user_data, '');
});

test('[L21] user status, literally', () =>
  assert.equal(
    timeless(encodeLegacyUserStatus(103, 61, false)),
    '{"data":{"data":0,"last_online_time":61},"event":"user_status_103","pipe":"_answer_user_status"}',
  ));

test('[L22] presence, literally', () => {
  assert.equal(
    encodeLegacyPresence('user_status_103', true, false),
    '{"data":"online","event":"online","pipe":"user_status_103"}',
  );
  assert.equal(
    encodeLegacyPresence('user_status_103', false, true),
    '{"data":"offline","event":"offline","pipe":"user_status_103","event_name":"offline","api_data":"offline"}',
  );
});

test('[L23] joined and left, literally', () => {
  const member = { user: 302, device: 'u', session: 's' };
  assert.equal(
    timeless(encodeLegacyMembership('track_r', 'joined', member, false)),
    '{"data":{"user_id":302,"uuid":"u"},"event":"subscription","pipe":"track_r"}',
  );
  assert.equal(
    timeless(encodeLegacyMembership('track_r', 'left', member, false)),
    '{"data":{"user_id":302,"uuid":"u"},"event":"unsubscription","pipe":"track_r"}',
  );
});
