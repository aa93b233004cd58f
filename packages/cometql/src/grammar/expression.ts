/** Expressions. Depth is bounded by the cursor, length only by the statement. */
import { invalid } from '../faults.ts';
import type { Cursor } from './cursor.ts';
import type { Branch, Expression, Link, Value } from './syntax-tree.ts';

/** Words that begin another part of a statement, and so are no names unless they are quoted. */
export const reserved: ReadonlySet<string> = new Set(
  (
    'SELECT FROM WHERE GROUP HAVING ORDER BY LIMIT OFFSET AND OR XOR NOT IN IS LIKE BETWEEN REGEXP RLIKE UNION JOIN INNER ' +
    'LEFT RIGHT CROSS NATURAL ON USING AS ASC DESC FOR LOCK INTO PROCEDURE DISTINCT CASE WHEN THEN ELSE VALUES SET'
  ).split(' '),
);

const comparisons = new Set(['=', '<=>', '<>', '!=', '<', '<=', '>', '>=']);
const sums = new Set(['+', '-']);
const products = new Set(['*', '/', '%', 'DIV', 'MOD']);
const ands = new Set(['AND', '&&']);
const ors = new Set(['OR', '||']);
/** Character sets before a string: `_binary'…'`. */
const introducers = new Set('_BINARY _UTF8 _UTF8MB3 _UTF8MB4 _ASCII _LATIN1 N'.split(' '));
/** Functions that are called also without parentheses. */
const callable = new Set(
  'CURRENT_USER CURRENT_ROLE CURRENT_DATE CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP'.split(' '),
);
const constants = new Map<string, Value>([
  ['NULL', null],
  ['TRUE', 1],
  ['FALSE', 0],
]);

export function parseExpression(cursor: Cursor): Expression {
  return cursor.deeper(() => {
    const parts = [conjunction(cursor)];
    while (cursor.acceptOne(ors) !== undefined) parts.push(conjunction(cursor));
    return parts.length === 1 ? (parts[0] as Expression) : { kind: 'any', parts };
  });
}

function conjunction(cursor: Cursor): Expression {
  const parts = [negation(cursor)];
  while (cursor.acceptOne(ands) !== undefined) parts.push(negation(cursor));
  return parts.length === 1 ? (parts[0] as Expression) : { kind: 'all', parts };
}

function negation(cursor: Cursor): Expression {
  if (!cursor.accept('NOT') && !cursor.accept('!')) return predicate(cursor);
  return cursor.deeper(() => ({ kind: 'not', operand: negation(cursor) }));
}

function predicate(cursor: Cursor): Expression {
  const operand = chain(cursor, comparisons, sum);
  if (cursor.accept('IS')) return testIs(cursor, operand);
  const negated = cursor.accept('NOT');
  const test = tested(cursor, operand);
  if (test === undefined) return negated ? cursor.fail() : operand;
  return negated ? { kind: 'not', operand: test } : test;
}

function testIs(cursor: Cursor, operand: Expression): Expression {
  const negated = cursor.accept('NOT');
  const word = cursor.acceptOne(new Set(['NULL', 'TRUE', 'FALSE']));
  if (word === undefined) return cursor.fail();
  const test = { kind: 'is', operand, value: word === 'NULL' ? null : word === 'TRUE' } as const;
  return negated ? { kind: 'not', operand: test } : test;
}

function tested(cursor: Cursor, operand: Expression): Expression | undefined {
  if (cursor.accept('IN')) return { kind: 'in', operand, list: list(cursor) };
  if (cursor.accept('LIKE')) {
    const pattern = asValue(sum(cursor));
    if (cursor.accept('ESCAPE')) cursor.missing('LIKE … ESCAPE');
    return { kind: 'like', operand, pattern };
  }
  if (cursor.accept('BETWEEN')) {
    const from = asValue(sum(cursor));
    cursor.expect('AND');
    return { kind: 'between', operand, from, to: asValue(sum(cursor)) };
  }
  if (cursor.is('REGEXP') || cursor.is('RLIKE')) cursor.missing('REGEXP');
  return undefined;
}

/** What stands on the right of a comparison: in double quotes it is a value. */
function asValue(expression: Expression): Expression {
  if (typeof expression !== 'object' || expression?.kind !== 'name' || !expression.text)
    return expression;
  return expression.path[0] ?? '';
}

/** Behind a parenthesis in an expression. */
function refuseSelect(cursor: Cursor): void {
  if (cursor.is('SELECT')) cursor.missing('a SELECT within a statement');
}

/** Of any length, most often of literals. */
function list(cursor: Cursor): Expression[] {
  cursor.expect('(');
  refuseSelect(cursor);
  const items: Expression[] = [];
  if (cursor.accept(')')) return items;
  do items.push(asValue(parseExpression(cursor)));
  while (cursor.accept(','));
  cursor.expect(')');
  return items;
}

function chain(
  cursor: Cursor,
  operators: ReadonlySet<string>,
  link: (cursor: Cursor) => Expression,
): Expression {
  const first = link(cursor);
  const links: Link[] = [];
  for (;;) {
    const operator = cursor.acceptOne(operators);
    if (operator === undefined) break;
    cursor.node();
    links.push({ operator, operand: asValue(link(cursor)) });
  }
  return links.length === 0 ? first : { kind: 'chain', first, links };
}

const sum = (cursor: Cursor): Expression => chain(cursor, sums, product);
const product = (cursor: Cursor): Expression => chain(cursor, products, signed);

function signed(cursor: Cursor): Expression {
  if (cursor.accept('+')) return cursor.deeper(() => signed(cursor));
  if (!cursor.accept('-')) {
    const operand = primary(cursor);
    // Text is compared in one way only, whatever it is called.
    if (cursor.accept('COLLATE')) cursor.name();
    return operand;
  }
  const operand = cursor.deeper(() => signed(cursor));
  return typeof operand === 'number' ? -operand : { kind: 'minus', operand };
}

function primary(cursor: Cursor): Expression {
  const { lexer } = cursor;
  if (lexer.kind === 'text') return textOrName(cursor);
  const literal = cursor.literal();
  if (literal !== undefined) return literal;
  cursor.node();
  if (cursor.accept('(')) {
    refuseSelect(cursor);
    const inner = parseExpression(cursor);
    cursor.expect(')');
    return inner;
  }
  if (lexer.kind === 'setting' || lexer.kind === 'variable') {
    const node = {
      kind: lexer.kind,
      name: lexer.text().replace(/^@@?/, '').toLowerCase(),
    } as const;
    lexer.next();
    return node;
  }
  return named(cursor);
}

/** In double quotes, where both a name and a value may stand: it is a name when there is such a column. */
function textOrName(cursor: Cursor): Expression {
  cursor.node();
  const path = pathFrom(cursor, cursor.name());
  return { kind: 'name', path, text: path.length === 1 };
}

function named(cursor: Cursor): Expression {
  const { lexer } = cursor;
  const { kind, keyword } = lexer;
  if (kind !== 'word' && kind !== 'name') return cursor.fail();
  if (cursor.accept('CASE')) return parseCase(cursor);
  if (keyword === 'DISTINCT') cursor.missing(keyword);
  if (reserved.has(keyword) && keyword !== 'VALUES' && keyword !== 'LEFT' && keyword !== 'RIGHT')
    return cursor.fail();
  const name = cursor.name();
  refuseBits(cursor, keyword);
  if (introducers.has(keyword) && (lexer.kind === 'string' || lexer.kind === 'hex'))
    return cursor.literal() ?? cursor.fail();
  if (cursor.accept('(')) return call(cursor, name.toUpperCase());
  // Text is compared in one way only.
  if (keyword === 'BINARY' && kind === 'word') return cursor.deeper(() => signed(cursor));
  if (callable.has(keyword)) return { kind: 'call', name: keyword, args: [], star: false };
  const constant = constants.get(keyword);
  if (constant !== undefined) return constant;
  return { kind: 'name', path: pathFrom(cursor, name), text: false };
}

/** `b'101'` and `0b101`, which would else be names. */
function refuseBits(cursor: Cursor, word: string): void {
  const { lexer } = cursor;
  const quoted = word === 'B' && lexer.kind === 'string' && lexer.start === lexer.before;
  if (quoted || /^0B[01]+$/.test(word)) cursor.missing("b'…'");
}

/** `CASE WHEN test THEN value … ELSE value END`, or `CASE operand WHEN value THEN …`. */
function parseCase(cursor: Cursor): Expression {
  const operand = cursor.is('WHEN') ? undefined : parseExpression(cursor);
  const branches: Branch[] = [];
  while (cursor.accept('WHEN')) {
    cursor.node();
    const when = parseExpression(cursor);
    cursor.expect('THEN');
    branches.push({
      when: operand === undefined ? when : asValue(when),
      value: parseExpression(cursor),
    });
  }
  if (branches.length === 0) cursor.fail();
  const otherwise = cursor.accept('ELSE') ? parseExpression(cursor) : null;
  cursor.expect('END');
  return { kind: 'case', operand, branches, otherwise };
}

/** The last part of `table.*`. No column is called so. */
const allColumns = '*';

/** Whether it is `table.*`, which makes sense only among what SELECT shows. */
export const isAllColumns = (expression: Expression): boolean =>
  typeof expression === 'object' &&
  expression?.kind === 'name' &&
  expression.path.length > 1 &&
  expression.path.at(-1) === allColumns;

/** `column`, `table.column`, `schema.table.column`, or with `*` for the column */
function pathFrom(cursor: Cursor, first: string): string[] {
  const path = [first];
  while (path.length < 3 && cursor.accept('.')) {
    const all = cursor.accept('*');
    path.push(all ? allColumns : cursor.name());
    if (all) break;
  }
  return path;
}

function call(cursor: Cursor, name: string): Expression {
  refuseSelect(cursor);
  if (cursor.accept('*')) {
    cursor.expect(')');
    return { kind: 'call', name, args: [], star: true };
  }
  const args: Expression[] = [];
  if (cursor.accept(')')) return { kind: 'call', name, args, star: false };
  do args.push(parseExpression(cursor));
  while (cursor.accept(','));
  if (cursor.accept('AS') || cursor.accept('USING')) typeName(cursor);
  cursor.expect(')');
  return { kind: 'call', name, args, star: false };
}

/** `CAST(x AS CHAR(60))`: everything is text here, so the type changes nothing. */
function typeName(cursor: Cursor): void {
  do cursor.name();
  while (cursor.isName());
  if (!cursor.accept('(')) return;
  do parseCount(cursor);
  while (cursor.accept(','));
  cursor.expect(')');
}

/** A whole number that LIMIT takes. As all numbers it may be quoted: some libraries do that to every value. */
export function parseCount(cursor: Cursor): number {
  const { kind } = cursor.lexer;
  const quoted = (kind === 'string' || kind === 'text') && /^\d+$/.test(cursor.unquoted());
  if (kind !== 'number' && kind !== 'parameter' && !quoted) return cursor.fail();
  const value = Number(cursor.literal());
  if (!Number.isInteger(value) || value < 0)
    cursor.refuse(invalid('`LIMIT` must be a whole number'));
  return value;
}
