import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitStatements } from './split-statements.ts';

const cases: readonly [text: string, statements: readonly string[]][] = [
  ['', []],
  [' ; ;; ', []],
  ['a', ['a']],
  ['a;', ['a']],
  ['a;b', ['a', 'b']],
  ['a ; b ; ', ['a ', ' b ']],
  ["a ';' b; c", ["a ';' b", ' c']],
  ["a '\\';' ; c", ["a '\\';' ", ' c']],
  ["a ''';''' ; c", ["a ''';''' ", ' c']],
  ['a ";\\";" ; c', ['a ";\\";" ', ' c']],
  ['a `;\\` ; c', ['a `;\\` ', ' c']],
  ["a 'never ends; b", ["a 'never ends; b"]],
  ['a -- ; b\n; c', ['a -- ; b\n', ' c']],
  ['a --1; b', ['a --1', ' b']],
  ['a # ; b\n; c', ['a # ; b\n', ' c']],
  ['a /* ; */ b; c', ['a /* ; */ b', ' c']],
  ['a /* never ; ends', ['a /* never ; ends']],
  ['a / 2 - 1; b', ['a / 2 - 1', ' b']],
  ['a; -- only a comment', ['a']],
  ['a; /* only */ # comments', ['a']],
  ['a; /*!40101 SET x */', ['a', ' /*!40101 SET x */']],
  ["'a';'b'", ["'a'", "'b'"]],
];

for (const [text, statements] of cases)
  test(`split: ${JSON.stringify(text)}`, () => {
    assert.deepEqual(splitStatements(text), statements);
  });

test('a statement of many megabytes is split in one go', () => {
  const long = `a '${"\\'".repeat(4_000_000)}'`;
  assert.deepEqual(splitStatements(`${long};b`), [long, 'b']);
  assert.equal(splitStatements(';'.repeat(8_000_000)).length, 0);
  assert.equal(splitStatements("''".repeat(4_000_000)).length, 1);
});
