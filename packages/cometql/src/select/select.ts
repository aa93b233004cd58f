import type { Caller } from '../caller.ts';
import { describesServer } from '../grammar/nowhere.ts';
import type { Select } from '../grammar/syntax-tree.ts';
import { resolveInformationTable } from '../information-schema/index.ts';
import { type Column, isSqlFault, loose, type SqlFault } from '../outcome.ts';
import type { Plan } from '../plan.ts';
import { unknownIn } from '../questions/names.ts';
import type { Table } from '../tables/define.ts';
import { schema } from '../tables/index.ts';
import { columnsOf } from './columns.ts';
import { filter } from './filter.ts';
import { keysOf } from './keys.ts';
import { isCounted, project } from './project.ts';
import { resolveTable } from './resolve.ts';
import type { Source } from './source.ts';

/** An answer that can have no rows. */
export function withoutRows(labels: readonly string[]): Plan {
  const columns = labels.map((label) => loose(label));
  return { columns, run: () => ({ kind: 'rows', columns, rows: [] }) };
}

export function planSelect(statement: Select, database: string): Plan | SqlFault {
  const planned = planRows(statement, database);
  // What is asked about MySQL itself and is not known here does not exist here.
  if (isSqlFault(planned) && describesServer(statement.from?.schema || database))
    return withoutRows(statement.items.map(({ label }) => label));
  return planned;
}

function planRows(statement: Select, database: string): Plan | SqlFault {
  const source = sourceOf(statement, database);
  if (isSqlFault(source)) return source;
  const names = new Set(source.columns.map(({ name }) => name.toLowerCase()));
  const has = (name: string): boolean => names.has(name.toLowerCase());
  const columns = columnsOf(statement, source, has);
  if (isSqlFault(columns)) return columns;
  const labels = new Set(columns.map(({ name }) => name.toLowerCase()));
  const hasOrLabel = (name: string): boolean => has(name) || labels.has(name.toLowerCase());
  for (const { by } of statement.order) {
    const fault = unknownIn(by, source.name, hasOrLabel);
    if (fault !== undefined) return fault;
  }
  const run = async (caller: Caller) => {
    const rows = await source.rows(caller);
    if (isSqlFault(rows)) return rows;
    const shown = project(statement, source, rows, caller);
    return isSqlFault(shown) ? shown : ({ kind: 'rows', columns, rows: shown } as const);
  };
  return { columns, run };
}

function sourceOf(statement: Select, database: string): Source | SqlFault {
  const { from, where } = statement;
  if (from === undefined) {
    const fault = where === undefined ? undefined : unknownIn(where, 'DUAL', () => false);
    return fault ?? filter({ name: 'DUAL', columns: [], rows: async () => [[]] }, where);
  }
  const information = resolveInformationTable(from, database);
  if (information !== undefined) return filter(information, where);
  const table = resolveTable(from, database);
  if (isSqlFault(table)) return table;
  // A client may ask for the columns of a table without a WHERE; only its rows cannot be had so.
  const keys = keysOf(where, table);
  const enough = enoughFor(statement);
  return {
    name: table.name,
    columns: tableColumns(table),
    rows: async (caller) => (isSqlFault(keys) ? keys : table.select(caller, keys, enough)),
  };
}

/** Rows beyond these are not looked at. */
function enoughFor({ items, order, limit }: Select): number {
  if (limit === undefined || order.length > 0 || items.some(isCounted))
    return Number.POSITIVE_INFINITY;
  return limit.offset + limit.count;
}

export const tableColumns = ({ name: table, columns, primary }: Table): Column[] =>
  columns.map(({ name, length }) => ({ name, table, schema, primary: name === primary, length }));
