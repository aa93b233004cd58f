import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CloseName, closeCodes, mayReconnect } from './close-codes.ts';

/** As PROTOCOL.md has them: changing one breaks every SDK that is out there. */
const table: Record<CloseName, [code: number, reconnect: boolean]> = {
  drain: [4000, true],
  helloTimeout: [4001, true],
  signedOut: [4002, true],
  moved: [4003, true],
  slow: [4004, true],
  silent: [4005, true],
  unavailable: [4006, true],
  refresh: [4007, true],
  internal: [1011, true],
  badFrame: [4100, false],
  replaced: [4101, false],
  disconnected: [4102, false],
  notUtf8: [1007, false],
  tooBig: [1009, false],
};

test('[C1] the table', () => {
  const declared = Object.entries(closeCodes).map(
    ([name, { code, reconnect }]) => [name, [code, reconnect]] as const,
  );
  assert.deepEqual(Object.fromEntries(declared), table);
});

test('[C1] each code says whether to come back', () => {
  for (const [code, reconnect] of Object.values(table)) {
    assert.equal(mayReconnect(code), reconnect, String(code));
  }
});

test('[C1] what a code means that no table names', () => {
  for (const code of [1001, 1005, 1006, 1012, 1013, 3000, 4007, 4099, 4200, 4999])
    assert.equal(mayReconnect(code), true, String(code));
  for (const code of [1000, 4103, 4150, 4199])
    assert.equal(mayReconnect(code), false, String(code));
});

test('a reason fits in a close frame', () => {
  for (const { reason } of Object.values(closeCodes)) {
    assert.ok(new TextEncoder().encode(reason).length <= 123, reason);
  }
});
