/** Nonsense of all kinds: it is answered, in time and memory that grow with its length and no faster. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prepare } from './execute.ts';
import { mutant, random, seeds, soup } from './fuzz.fixture.ts';
import { isSqlFault } from './outcome.ts';

for (const seed of seeds)
  test(`nonsense is answered, seed ${seed}`, () => {
    const next = random(seed);
    const lines = (text: string) => text.split('\n').length;
    for (let i = 0; i < 10_000; i++) {
      const statement = i % 2 === 0 ? soup(next) : mutant(next);
      const outcome = prepare(statement, '');
      if (!isSqlFault(outcome)) continue;
      const where = `${seed}: ${JSON.stringify(statement)} ${outcome.message}`;
      assert.ok(outcome.errno > 0 && outcome.message.length < 300, where);
      if (outcome.errno !== 3) continue;
      const [, near = '', line] = /near '([\s\S]*)' at line (\d+)$/.exec(outcome.message) ?? [];
      assert.ok(statement.includes(near), where);
      assert.ok(Number(line) >= 1 && Number(line) <= lines(statement), where);
    }
  });

/** Characters that `act` looks at, one by one or by searching and copying. */
function steps(act: () => void): number {
  const { charCodeAt, indexOf, slice } = String.prototype;
  let count = 0;
  String.prototype.charCodeAt = function (...args) {
    count += 1;
    return charCodeAt.apply(this, args);
  };
  String.prototype.indexOf = function (text, from = 0) {
    const found = indexOf.call(this, text, from);
    count += 1 + (found < 0 ? this.length : found) - from;
    return found;
  };
  String.prototype.slice = function (...args) {
    const piece = slice.apply(this, args);
    count += 1 + piece.length;
    return piece;
  };
  try {
    act();
  } finally {
    Object.assign(String.prototype, { charCodeAt, indexOf, slice });
  }
  return count;
}

/** A piece, and what stands before and behind many of it. */
const repeated: readonly (readonly [piece: string, before?: string, after?: string])[] = [
  [' '],
  [';'],
  ['\n'],
  ['('],
  ['a'],
  ['a '],
  ['1'],
  ["'"],
  ['"'],
  ['`'],
  ['\\'],
  ['/*'],
  ['/**/'],
  ['/*!'],
  ['/*!1*/'],
  ['-- \n'],
  ['--'],
  ['/*', 'SET '],
  ["'", 'SET '],
  ['a=1,', 'SET '],
  ['/*!', 'SELECT '],
  ['1,', 'SELECT '],
  ['a.', 'SELECT '],
  ['@@a.', 'SELECT '],
  ['- ', 'SELECT '],
  ['NOT ', 'SELECT '],
  ['1+', 'SELECT '],
  ['1 OR ', 'SELECT '],
  ["'a' ", 'SELECT '],
  ["''", "SELECT '", "'"],
  ["\\'", "SELECT '", "'"],
  ['1f', 'SELECT 0x'],
  ['a,', 'SELECT ', 'a FROM mysql.t GROUP BY b'],
  ['a ', 'SELECT ', 'FROM mysql.t GROUP BY b'],
  ['FROM ', 'SELECT a '],
  ['FROM /* ', 'SELECT a '],
  ['1,', 'SELECT * FROM users_auth WHERE id IN (', '1)'],
  ['id=1 OR ', 'SELECT * FROM users_auth WHERE ', 'id=1'],
  ["(1,'x'),", 'INSERT INTO users_auth VALUES ', "(1,'x')"],
  ["(1,0,'',?),", 'INSERT INTO users_messages VALUES ', "(1,0,'','')"],
  ["('a''b'),", 'INSERT INTO revoked_tokens VALUES ', "('')"],
  ["('a\\'b'),", 'INSERT INTO revoked_tokens VALUES ', "('')"],
  ['a,', 'INSERT INTO users_auth ('],
  ['A ', 'SHOW '],
  ['\n', 'SELECT ', ')'],
];

test('the time is linear in the length of the statement', () => {
  for (const [piece, before = '', after = ''] of repeated) {
    const of = (length: number): string => before + piece.repeat(length / piece.length) + after;
    const [short, long] = [of(20_000), of(80_000)].map((statement) =>
      steps(() => {
        prepare(statement, '');
      }),
    );
    const what = `${before}${JSON.stringify(piece)}…: ${short} and ${long}`;
    assert.ok(long !== undefined && short !== undefined && long <= 4.2 * short + 2_000, what);
    // Some expressions show a piece of themselves as the name of their column.
    assert.ok(long <= 80_000 * 140, what);
  }
});

test('a statement of 16 MiB is read', () => {
  const text = '😀'.repeat(4 * 1_048_576 - 64);
  const parsed = prepare(`INSERT INTO users_messages VALUES (1, 0, 'e', '${text}\\'')`, '');
  assert.deepEqual(parsed, { parameters: 0, columns: [] });
});
