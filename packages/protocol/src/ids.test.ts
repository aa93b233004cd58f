import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageId, newEpoch, newEpochs, newNode, sessionId } from './ids.ts';

test('[I8] the forms of what Encke makes', () => {
  assert.match(newNode(), /^[a-z0-9]{12}$/);
  assert.match(newEpoch(), /^[a-z0-9]{10}$/);
  assert.match(newEpochs(64), /^[a-z0-9]{73}$/);
  assert.equal(messageId('k3v9x0q2ab', 42), 'k3v9x0q2ab-42');
});

test('[I8] a session is its node and a counter', () => {
  const node = newNode();
  assert.equal(sessionId(node, 1), `${node}.1`);
  assert.equal(sessionId(node, 36), `${node}.10`);
  const ids = new Set(Array.from({ length: 10_000 }, (_, i) => sessionId(node, i)));
  assert.equal(ids.size, 10_000);
});

test('[I8] ids are drawn anew each time, also when the pool of random bytes is used up', () => {
  const ids = new Set(Array.from({ length: 5_000 }, () => (newEpoch() as string) + newNode()));
  assert.equal(ids.size, 5_000);
  const epochs = new Set(Array.from({ length: 5_000 }, () => newEpoch()));
  assert.equal(epochs.size, 5_000);
});

test('[I8] every letter is about as likely as any other', () => {
  const counts = new Map<string, number>();
  for (let i = 0; i < 3_600; i++)
    for (const letter of newEpoch()) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  assert.equal(counts.size, 36);
  for (const [letter, count] of counts)
    assert.ok(count > 700 && count < 1_400, `${letter}: ${count} of 1000`);
});
