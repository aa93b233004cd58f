import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSqlFault } from '../outcome.ts';
import { parse } from './parse.ts';
import type { Expression, Statement } from './syntax-tree.ts';

/** Expressions in INSERT are only shown. */
function read(source: string, ...values: (string | number | null)[]): Statement | string {
  const parsed = parse(source, values, (expression) =>
    typeof expression === 'object' && expression !== null ? JSON.stringify(expression) : expression,
  );
  return isSqlFault(parsed) ? parsed.message : parsed.statement;
}

const near = (text: string, line = 1): string =>
  `You have an error in your SQL syntax near '${text}' at line ${line}`;

const name = (...path: string[]): Expression => ({ kind: 'name', path, text: false });

const faults: readonly (readonly [source: string, near: string, line?: number])[] = [
  ['nonsense', 'nonsense'],
  ["'SELECT'", "'SELECT'"],
  ['SELECT ,', ','],
  ['SELECT 1 +', ''],
  ['SELECT (1', ''],
  ['SELECT 1)', ')'],
  ['SELECT a FROM t WHERE', ''],
  ['SELECT a FROM t WHERE a =', ''],
  ['SELECT a FROM t WHERE a = FROM', 'FROM'],
  ['SELECT a\nFROM t\n\nWHERE ORDER', 'ORDER', 4],
  ['SELECT a FROM t ORDER a', 'a'],
  ['SELECT a FROM t LIMIT -1', '-1'],
  ["SELECT a FROM t LIMIT 'x'", "'x'"],
  ['SELECT a FROM t LIMIT 1,', ''],
  ['SELECT a NOT b', 'b'],
  ['SELECT a IS 5', '5'],
  ['SELECT a IN 5', '5'],
  ['SELECT a BETWEEN 1', ''],
  ['INSERT t', ''],
  ['INSERT INTO t VALUES', ''],
  ['INSERT INTO t VALUES ()(', '('],
  ['INSERT INTO t (a,) VALUES (1)', ') VALUES (1)'],
  ['INSERT INTO t (a) VALUES (1,)', ')'],
  ['INSERT INTO t (a) VALUES (1) ON DUPLICATE UPDATE', 'UPDATE'],
  ['INSERT INTO t SET a 1', '1'],
  ['DELETE FROM', ''],
  ['DELETE FROM t WHERE a = 1 x', 'x'],
  ['SHOW', ''],
  ['SHOW A B C D', 'D'],
  ['SHOW TABLES LIKE x', 'x'],
  ['USE', ''],
  ["SET NAMES 'utf8", "'utf8"],
  ['SET a = /* 1', '/* 1'],
  ['SELECT 1 /* x', '/* x'],
  ['SELECT ? ', '? '],
  ["SELECT X'1'", "X'1'"],
  ["SELECT X'ff'", "X'ff'"],
  [`SELECT ${'é'.repeat(100)} ${'é'.repeat(100)} x`, 'x'],
  [`SELECT 1 ${'1'.repeat(200)}`, '1'.repeat(80)],
];

for (const [source, text, line] of faults)
  test(`a fault in ${JSON.stringify(source.slice(0, 60))}`, () =>
    assert.equal(read(source), near(text, line)));

test('SELECT in full', () => {
  const statement = read(
    'SELECT *, `a`.b AS c, COUNT(*) n FROM d.e f WHERE g = ? ORDER BY b DESC, c LIMIT 2, 3',
    'value',
  );
  assert.deepEqual(statement, {
    kind: 'select',
    distinct: false,
    items: [
      { expression: { kind: 'star' }, label: '*' },
      { expression: name('a', 'b'), label: 'c' },
      { expression: { kind: 'call', name: 'COUNT', args: [], star: true }, label: 'n' },
    ],
    from: { schema: 'd', name: 'e' },
    alias: 'f',
    where: { kind: 'chain', first: name('g'), links: [{ operator: '=', operand: 'value' }] },
    group: [],
    having: undefined,
    order: [
      { by: name('b'), descending: true },
      { by: name('c'), descending: false },
    ],
    limit: { offset: 2, count: 3 },
  });
});

test('INSERT in full', () => {
  const statement = read(
    'INSERT INTO t (`a`, "b", c) VALUES (\'x\', ?, NULL), (-1, DEFAULT, NOW()) ON DUPLICATE KEY UPDATE a = VALUES(a)',
    7,
  );
  assert.deepEqual(statement, {
    kind: 'insert',
    table: { schema: '', name: 't' },
    columns: ['a', 'b', 'c'],
    rows: [
      ['x', 7, null],
      [-1, undefined, '{"kind":"call","name":"NOW","args":[],"star":false}'],
    ],
    updates: [
      { column: 'a', value: { kind: 'call', name: 'VALUES', args: [name('a')], star: false } },
    ],
  });
});

function where(source: string): unknown {
  const statement = read(`SELECT 1 FROM t WHERE ${source}`);
  return typeof statement === 'object' && statement.kind === 'select' ? statement.where : statement;
}

test('operators bind as in MySQL', () => {
  const equal = (column: string, value: Expression): Expression => ({
    kind: 'chain',
    first: name(column),
    links: [{ operator: '=', operand: value }],
  });
  assert.deepEqual(where('a = 1 OR b = 2 AND NOT c = 3'), {
    kind: 'any',
    parts: [
      equal('a', 1),
      { kind: 'all', parts: [equal('b', 2), { kind: 'not', operand: equal('c', 3) }] },
    ],
  });
  assert.deepEqual(
    where('a = 1 - 2 * 3 - 4'),
    equal('a', {
      kind: 'chain',
      first: 1,
      links: [
        {
          operator: '-',
          operand: { kind: 'chain', first: 2, links: [{ operator: '*', operand: 3 }] },
        },
        { operator: '-', operand: 4 },
      ],
    }),
  );
  assert.deepEqual(where('a NOT IN (1, "b", c)'), {
    kind: 'not',
    operand: { kind: 'in', operand: name('a'), list: [1, 'b', name('c')] },
  });
});

test('double quotes hold a value behind an operator, and else what there is', () => {
  assert.deepEqual(where('"a" = "b"'), {
    kind: 'chain',
    first: { kind: 'name', path: ['a'], text: true },
    links: [{ operator: '=', operand: 'b' }],
  });
});

test('a number that would change by being read stays as it is written', () => {
  const statement = read('INSERT INTO t VALUES (007, 1.50, 12345678901234567890, 42, 1e3)');
  assert.ok(typeof statement === 'object' && statement.kind === 'insert');
  assert.deepEqual(statement.rows, [['007', '1.50', '12345678901234567890', 42, '1e3']]);
});

test('what is within each other has a bound, what follows each other has none', () => {
  const deep = (depth: number) => read(`SELECT ${'('.repeat(depth)}1${')'.repeat(depth)}`);
  assert.equal(typeof deep(60), 'object');
  const refused = 'not implemented: more than 64 levels within each other';
  assert.equal(deep(64), refused);
  assert.equal(read(`SELECT ${'('.repeat(1_000_000)}`), refused);
  assert.equal(read(`SELECT ${'- '.repeat(1_000_000)}1`), refused);
  assert.equal(read(`SELECT ${'NOT '.repeat(1_000_000)}1`), refused);
  assert.equal(read(`SELECT ${'f('.repeat(1_000_000)}`), refused);
  assert.equal(typeof read(`SELECT 1${' + 1'.repeat(50_000)}`), 'object');
  assert.equal(typeof read(`SELECT 1${' OR 1'.repeat(500_000)}`), 'object');
  assert.equal(typeof read(`SELECT 1 IN (1${', 1'.repeat(500_000)})`), 'object');
});

test('what would take far more memory than its text is refused', () => {
  const many = 'a statement may have at most 65536 names and operators';
  assert.equal(read(`SELECT 1${' + 1'.repeat(100_000)}`), many);
  assert.equal(read(`SELECT a IN (b${', b'.repeat(100_000)})`), many);
  assert.match(String(read(`SELECT 1${', 1'.repeat(10_000)}`)), /^You have an error/);
  assert.match(String(read(`SELECT 1 ORDER BY 1${', 1'.repeat(10_000)}`)), /^You have an error/);
  assert.match(String(read(`INSERT INTO t (a${', a'.repeat(100)})`)), /^You have an error/);
  assert.equal(
    read(`INSERT INTO t VALUES (1)${',(1)'.repeat(300_000)}`),
    'an INSERT may have at most 262144 rows',
  );
  const parsed = parse(`SELECT 1 IN (?${',?'.repeat(70_000)})`, undefined, () => '');
  assert.ok(isSqlFault(parsed) && parsed.errno === 1390);
});
