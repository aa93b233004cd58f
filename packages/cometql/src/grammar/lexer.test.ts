import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lexer } from './lexer.ts';

/** Kinds and texts of all tokens. */
function tokens(source: string): string[] {
  const lexer = new Lexer(source);
  const all: string[] = [];
  for (; lexer.kind !== 'end'; lexer.next()) {
    all.push(`${lexer.kind} ${lexer.text()}`);
    if (lexer.kind === 'open') break;
  }
  return all;
}

const table: readonly (readonly [source: string, ...tokens: string[]])[] = [
  [''],
  [' \t\r\n\f\v'],
  ['SELECT a_1$ü', 'word SELECT', 'word a_1$ü'],
  ['`a``b`"c""d"', 'name `a``b`', 'text "c""d"'],
  ["'a''b' 'c\\'d' '\\\\'", "string 'a''b'", "string 'c\\'d'", "string '\\\\'"],
  ['`a\\`', 'name `a\\`'],
  ["'a", "open 'a"],
  ["'a\\", "open 'a\\"],
  ["'a''", "open 'a''"],
  [
    '1 1.5 .5 1e5 1.e-5 1abc',
    'number 1',
    'number 1.5',
    'number .5',
    'number 1e5',
    'number 1.e-5',
    'word 1abc',
  ],
  ['1e 1e+ 0x 0xg', 'word 1e', 'word 1e', 'symbol +', 'word 0x', 'word 0xg'],
  ["0x1F X'1f' x'' X'1' X'1g'", 'hex 0x1F', "hex X'1f'", "hex x''", "open X'1"],
  ['@a @@b @@session.c_d @', 'variable @a', 'setting @@b', 'setting @@session.c_d', 'variable @'],
  [
    'a<=>b<=1<>2!=3:=4',
    'word a',
    'symbol <=>',
    'word b',
    'symbol <=',
    'number 1',
    'symbol <>',
    'number 2',
    'symbol !=',
    'number 3',
    'symbol :=',
    'number 4',
  ],
  ['?;(*)', 'parameter ?', 'symbol ;', 'symbol (', 'symbol *', 'symbol )'],
  ['1 -- no\n2 --', 'number 1', 'number 2'],
  ['1--2', 'number 1', 'symbol -', 'symbol -', 'number 2'],
  ['1 # no\n2', 'number 1', 'number 2'],
  ['1/* no */2/**/', 'number 1', 'number 2'],
  ['1 /* no', 'number 1', 'open /* no'],
  ['/*!40101 a */ b /*! c*/ /*!d', 'word a', 'word b', 'word c', 'word d'],
  ['/*! a /* no */ b */ c */', 'word a', 'word b', 'word c', 'symbol *', 'symbol /'],
  ['\u0000\u0001', 'symbol \u0000', 'symbol \u0001'],
  ['😀', 'word 😀'],
];

for (const [source, ...expected] of table)
  test(`tokens of ${JSON.stringify(source)}`, () => assert.deepEqual(tokens(source), expected));

test('keywords are known in any capitals, and only bare', () => {
  for (const source of ['select', 'SELECT', 'Select'])
    assert.equal(new Lexer(source).keyword, 'SELECT');
  for (const source of ['`select`', '"select"', "'select'", 's'.repeat(33)])
    assert.equal(new Lexer(source).keyword, '');
});
