import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLike } from './like.ts';

const table: readonly (readonly [text: string, pattern: string, like: boolean])[] = [
  ['', '', true],
  ['', '%', true],
  ['', '_', false],
  ['abc', 'abc', true],
  ['abc', 'ABC', true],
  ['abc', 'ab', false],
  ['abc', 'a%', true],
  ['abc', '%c', true],
  ['abc', '%b%', true],
  ['abc', 'a_c', true],
  ['abc', '_%_%_', true],
  ['abc', '____', false],
  ['aXbXc', 'a%Xc', true],
  ['aaab', '%ab', true],
  ['a%c', 'a\\%c', true],
  ['abc', 'a\\%c', false],
  ['a\\', 'a\\', true],
  ['a.c', 'a.c', true],
  ['abc', 'a.c', false],
  ['abc', `${'%'.repeat(2_000)}`, false],
];

test('LIKE', () => {
  for (const [text, pattern, like] of table)
    assert.equal(isLike(text, pattern), like, `${text} LIKE ${pattern.slice(0, 20)}`);
});
