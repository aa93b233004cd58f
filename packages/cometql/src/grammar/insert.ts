import { invalid, tooLong } from '../faults.ts';
import { isSqlFault, type SqlFault } from '../outcome.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression } from './expression.ts';
import type { Expression, Insert, InsertValue } from './syntax-tree.ts';

const priorities = new Set(['LOW_PRIORITY', 'HIGH_PRIORITY', 'DELAYED']);

/** Rows of one statement: beyond that they would take far more memory than their text. */
const mostRows = 262_144;
/** Names in one list of columns. */
const mostColumns = 64;

/** What an expression without columns stands for. A name or function in it that there is not is a fault. */
export type Constant = (expression: Expression, table: string) => InsertValue | SqlFault;
type Evaluate = (expression: Expression) => InsertValue;

/** Behind INSERT or REPLACE. Both store a row whether or not there was one. */
export function parseInsert(cursor: Cursor, constant: Constant): Insert {
  cursor.acceptOne(priorities);
  if (cursor.is('IGNORE')) cursor.missing('INSERT IGNORE');
  cursor.accept('INTO');
  const table = cursor.tableName();
  const value: Evaluate = (expression) => {
    const known = constant(expression, table.name);
    return isSqlFault(known) ? cursor.refuse(known) : known;
  };
  if (cursor.accept('SET')) {
    const { columns, row } = assignments(cursor, value);
    return { kind: 'insert', table, columns, rows: [row], updates: parseUpdates(cursor) };
  }
  const columns = cursor.accept('(') ? columnNames(cursor) : undefined;
  if (cursor.is('SELECT')) cursor.missing('INSERT … SELECT');
  if (!cursor.accept('VALUES')) cursor.expect('VALUE');
  const rows: InsertValue[][] = [];
  do {
    rows.push(parseRow(cursor, value));
    const [first, last] = [columns ?? rows[0], rows.at(-1)];
    if (rows.length > mostRows)
      cursor.refuse(tooLong(`an INSERT may have at most ${mostRows} rows`));
    if (first?.length !== last?.length)
      cursor.refuse(invalid(`Column count doesn't match value count at row ${rows.length}`));
  } while (cursor.accept(','));
  return { kind: 'insert', table, columns, rows, updates: parseUpdates(cursor) };
}

function columnNames(cursor: Cursor): string[] | undefined {
  const names: string[] = [];
  if (cursor.accept(')')) return undefined;
  do {
    names.push(columnName(cursor));
    if (names.length > mostColumns) cursor.fail();
  } while (cursor.accept(','));
  cursor.expect(')');
  return names;
}

/** `hash`, or `users_auth`.`hash` */
function columnName(cursor: Cursor): string {
  let name = cursor.name();
  if (cursor.accept('.')) name = cursor.name();
  if (cursor.accept('.')) name = cursor.name();
  return name;
}

function parseRow(cursor: Cursor, evaluate: Evaluate): InsertValue[] {
  cursor.expect('(');
  const row: InsertValue[] = [];
  if (cursor.accept(')')) return row;
  do row.push(parseValue(cursor, evaluate));
  while (cursor.accept(','));
  cursor.expect(')');
  return row;
}

function parseValue(cursor: Cursor, evaluate: Evaluate): InsertValue {
  if (cursor.accept('DEFAULT')) return undefined;
  // Nearly all values are literals. One stands alone: `1 + 1` is no value here, `NOW()` is.
  const literal = cursor.literal();
  if (literal !== undefined) {
    if (cursor.is(',') || cursor.is(')')) return literal;
    return cursor.fail();
  }
  return evaluate(parseExpression(cursor));
}

function assignments(cursor: Cursor, evaluate: Evaluate) {
  const columns: string[] = [];
  const row: InsertValue[] = [];
  do {
    columns.push(columnName(cursor));
    if (columns.length > mostColumns) cursor.fail();
    cursor.expect('=');
    row.push(cursor.accept('DEFAULT') ? undefined : evaluate(parseExpression(cursor)));
  } while (cursor.accept(','));
  return { columns, row };
}

/** `AS new`: what the rows are called in the updates. */
function parseAlias(cursor: Cursor): string | undefined {
  if (!cursor.accept('AS')) return undefined;
  const alias = cursor.name();
  if (cursor.is('(')) cursor.missing('names for the columns of the rows');
  return alias;
}

/** `new.hash` says the same as `VALUES(hash)`. */
function withoutAlias(value: Expression, alias: string | undefined): Expression {
  if (typeof value !== 'object' || value?.kind !== 'name' || alias === undefined) return value;
  const [table = '', column, more] = value.path;
  if (column === undefined || more !== undefined) return value;
  if (table.toLowerCase() !== alias.toLowerCase()) return value;
  const name = { kind: 'name', path: [column], text: false } as const;
  return { kind: 'call', name: 'VALUES', args: [name], star: false };
}

function parseUpdates(cursor: Cursor): Insert['updates'] {
  const updates: { column: string; value: Expression }[] = [];
  const alias = parseAlias(cursor);
  if (!cursor.accept('ON')) return updates;
  for (const word of ['DUPLICATE', 'KEY', 'UPDATE']) cursor.expect(word);
  do {
    const column = columnName(cursor);
    cursor.expect('=');
    updates.push({ column, value: withoutAlias(parseExpression(cursor), alias) });
    if (updates.length > mostColumns) cursor.fail();
  } while (cursor.accept(','));
  return updates;
}
