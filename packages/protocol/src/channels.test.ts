import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  channelKind,
  mayCount,
  mayPublish,
  maySubscribe,
  publishable,
  statusUser,
} from './channels.ts';
import type { Channel } from './ids.ts';
import { isFault, parseChannel } from './rules.ts';

const kinds: [name: string, kind: string][] = [
  ['msg', 'messages'],
  ['msgs', 'plain'],
  ['web_a', 'web'],
  ['webauth_a', 'webauth'],
  ['track_r', 'track'],
  ['private_a', 'private'],
  ['user_status_103', 'status'],
  ['user_status_0', 'plain'],
  ['user_status_x', 'plain'],
  ['user_status_01', 'plain'],
  ['web', 'plain'],
  ['Web_a', 'plain'],
  ['news', 'plain'],
];
for (const [name, kind] of kinds)
  test(`[N1] ${name} is of kind ${kind}`, () => assert.equal(channelKind(name), kind));

test('[N1] the user of a user_status_ channel', () => {
  assert.equal(statusUser('user_status_103'), 103);
  assert.equal(statusUser('user_status_'), undefined);
  assert.equal(statusUser('web_103'), undefined);
});

test('[N2] who may subscribe', () => {
  for (const authorized of [true, false]) {
    assert.equal(maySubscribe('msg', authorized), false);
    assert.equal(maySubscribe('news', authorized), true);
    assert.equal(maySubscribe('private_a', authorized), authorized);
  }
});

test('[N4] who may publish', () => {
  for (const authorized of [true, false]) {
    assert.equal(mayPublish('web_a', authorized), true);
    assert.equal(mayPublish('webauth_a', authorized), authorized);
    for (const name of ['news', 'track_r', 'private_a', 'msg', 'user_status_7'])
      assert.equal(mayPublish(name, authorized), false, name);
  }
});

test('[N1] an application server publishes to any but msg', () => {
  for (const name of ['web_a', 'webauth_a', 'track_r', 'private_a', 'user_status_7', 'msgs'])
    assert.equal(publishable(name as Channel), name);
  assert.ok(isFault(publishable('msg' as Channel)));
});

test('[N1] of which channels the count is told', () => {
  assert.deepEqual(['web_a', 'track_r', 'webauth_a', 'news', 'private_a'].map(mayCount), [
    true,
    true,
    false,
    false,
    false,
  ]);
});

test('[I9] names', () => {
  for (const name of ['abc', 'A-Z_09', 'x'.repeat(64)]) assert.equal(parseChannel(name), name);
  for (const name of ['', 'ab', 'x'.repeat(65), 'a b', 'a.b', 'abc\n', 'äöü', 7, null, undefined])
    assert.ok(isFault(parseChannel(name)), String(name));
});
