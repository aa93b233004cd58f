import type { Caller } from '../caller.ts';
import { invalid, noColumn, notImplemented, readOnly } from '../faults.ts';
import type { Expression, Insert, InsertValue } from '../grammar/syntax-tree.ts';
import { isSqlFault, type SqlFault } from '../outcome.ts';
import type { Plan } from '../plan.ts';
import { resolveTable } from '../select/resolve.ts';
import { type Fields, hasColumn, type Table } from './define.ts';

/** INSERT and REPLACE: what is wrong with the statement is found before anything of it is stored. */
export function planInsert(statement: Insert, database: string): Plan | SqlFault {
  const table = resolveTable(statement.table, database);
  if (isSqlFault(table)) return table;
  if (table.readOnly) return readOnly(table.name);
  const columns = columnsOf(table, statement);
  if (isSqlFault(columns)) return columns;
  const fault = unknownUpdate(table, statement, columns);
  if (fault !== undefined) return fault;
  const rows = statement.rows.map((row) => fieldsOf(columns, row));
  // Not before it runs: of a statement that is only prepared the values are not known.
  const run = (caller: Caller) => unlikeRows(statement, columns) ?? table.insert(caller, rows);
  return { columns: [], run };
}

function columnsOf(table: Table, { columns, rows }: Insert): readonly string[] | SqlFault {
  if (columns === undefined) {
    const names = table.columns.map(({ name }) => name);
    if (rows[0]?.length === names.length) return names;
    return invalid("Column count doesn't match value count at row 1");
  }
  const known = new Set<string>();
  for (const column of columns) {
    if (!hasColumn(table, column)) return noColumn(table.name, column);
    const name = column.toLowerCase();
    if (known.has(name)) return invalid(`Column \`${name}\` specified twice`);
    known.add(name);
  }
  return [...known];
}

function fieldsOf(columns: readonly string[], row: readonly InsertValue[]): Fields {
  const fields: Record<string, string> = {};
  for (const [i, column] of columns.entries()) {
    const value = row[i];
    if (value !== undefined && value !== null) fields[column] = String(value);
  }
  return fields;
}

/** What is left out would keep the value that it had. Where a key has many rows there are no duplicates. */
function unknownUpdate(
  table: Table,
  { updates }: Insert,
  columns: readonly string[],
): SqlFault | undefined {
  for (const { column } of updates)
    if (!hasColumn(table, column)) return noColumn(table.name, column);
  if (updates.length === 0 || table.many) return undefined;
  const updated = new Set([table.primary, ...updates.map(({ column }) => column.toLowerCase())]);
  const kept = columns.find((column) => !updated.has(column));
  return kept === undefined
    ? undefined
    : notImplemented(`ON DUPLICATE KEY UPDATE without \`${kept}\``);
}

/**
 * A row always takes the place of the one before it. `ON DUPLICATE KEY UPDATE` may say the same in other words, and
 * nothing else.
 */
function unlikeRows({ updates, rows }: Insert, columns: readonly string[]): SqlFault | undefined {
  for (const { column, value } of updates) {
    const name = column.toLowerCase();
    const place = columns.indexOf(name);
    const same = rows.every((row) => isSame(value, name, row[place]));
    if (!same) return notImplemented('ON DUPLICATE KEY UPDATE with another value than the row has');
  }
  return undefined;
}

/** `VALUES(column)`, or the very value of the row. */
function isSame(value: Expression, column: string, inserted: InsertValue): boolean {
  if (typeof value !== 'object' || value === null) return String(value) === String(inserted);
  if (value.kind === 'name' && value.text) return value.path[0] === String(inserted);
  if (value.kind !== 'call' || value.name !== 'VALUES') return false;
  const [named] = value.args;
  if (typeof named !== 'object' || named?.kind !== 'name') return false;
  return named.path.at(-1)?.toLowerCase() === column;
}
