import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyCheck } from './authentication.ts';

test('a key is accepted as a bearer token, and every key while keys are being exchanged', () => {
  const check = keyCheck(['old-key', 'new-key']);
  const cases: readonly [authorization: string | undefined, accepted: boolean][] = [
    ['Bearer old-key', true],
    ['Bearer new-key', true],
    ['bearer new-key', true],
    ['BEARER   new-key  ', true],
    [undefined, false],
    ['', false],
    ['Bearer', false],
    ['Bearer ', false],
    ['Bearer new-ke', false],
    ['Bearer new-key1', false],
    ['Bearer NEW-KEY', false],
    ['Bearer old-key,new-key', false],
    ['Bearer old-key new-key', false],
    ['Basic new-key', false],
    ['new-key', false],
  ];
  for (const time of ['first', 'second'])
    for (const [authorization, accepted] of cases)
      assert.equal(check(authorization), accepted, `${authorization}, the ${time} time`);
});

test('without a key nothing is accepted', () => {
  assert.equal(keyCheck([])('Bearer x'), false);
});
