import type { Caller } from '../caller.ts';
import { noColumn } from '../faults.ts';
import { describesServer } from '../grammar/nowhere.ts';
import type { Expression, Select } from '../grammar/syntax-tree.ts';
import { resolveInformationTable } from '../information-schema/index.ts';
import { type Column, isSqlFault, loose, renamed, type SqlFault } from '../outcome.ts';
import type { Plan } from '../plan.ts';
import { unknownIn } from '../questions/names.ts';
import type { Table } from '../tables/define.ts';
import { schema } from '../tables/index.ts';
import { columnsOf } from './columns.ts';
import { filter } from './filter.ts';
import { keysOf } from './keys.ts';
import { isCounted, isPlain, project } from './project.ts';
import { resolveTable } from './resolve.ts';
import type { Source } from './source.ts';

/** An answer that can have no rows; but of how many there are. */
export function withoutRows(labels: readonly string[], counted: boolean): Plan {
  const columns = labels.map((label) => loose(label));
  const rows = counted ? [labels.map(() => '0')] : [];
  return { columns, run: () => ({ kind: 'rows', columns, rows }) };
}

export function planSelect(statement: Select, database: string): Plan | SqlFault {
  const planned = planRows(statement, database);
  const { from, items, group } = statement;
  if (!isSqlFault(planned) || from === undefined || 'kind' in from) return planned;
  // What is asked about MySQL itself and is not known here does not exist here.
  if (!describesServer(from.schema || database) || resolveInformationTable(from, database))
    return planned;
  const counted = group.length === 0 && items.every(isCounted);
  return withoutRows(
    items.map(({ label }) => label),
    counted,
  );
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
  const { group, having = null, order } = statement;
  for (const { by } of order)
    if (typeof by === 'number' && columns[by - 1] === undefined)
      return noColumn(source.name, String(by));
  for (const expression of [...group, having, ...order.map(({ by }) => by)]) {
    const fault = unknownIn(expression, source.name, hasOrLabel);
    if (fault !== undefined) return fault;
  }
  const run = async (caller: Caller) => {
    const rows = await source.rows(caller);
    if (isSqlFault(rows)) return rows;
    const shown = project({ statement, source, columns }, rows, caller);
    return isSqlFault(shown) ? shown : ({ kind: 'rows', columns, rows: shown } as const);
  };
  return { columns, run };
}

/** Where the rows come from, as the statement calls it. */
function sourceOf(statement: Select, database: string): Source | SqlFault {
  const source = findSource(statement, database);
  const { alias } = statement;
  if (isSqlFault(source) || alias === undefined) return source;
  return { ...source, columns: source.columns.map((column) => renamed(column, { table: alias })) };
}

function findSource(statement: Select, database: string): Source | SqlFault {
  const { from, where } = statement;
  if (from === undefined) {
    return filterKnown({ name: 'DUAL', columns: [], rows: async () => [[]] }, where);
  }
  if ('kind' in from) return derivedFrom(from, where, database);
  const information = resolveInformationTable(from, database);
  if (information !== undefined) return filterKnown(information, where);
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

function filterKnown(source: Source, where: Expression | undefined): Source | SqlFault {
  const names = new Set(source.columns.map(({ name }) => name.toLowerCase()));
  const has = (name: string): boolean => names.has(name.toLowerCase());
  return unknownIn(where ?? null, source.name, has) ?? filter(source, where);
}

/** `(SELECT …) AS t` */
function derivedFrom(
  select: Select,
  where: Expression | undefined,
  database: string,
): Source | SqlFault {
  const planned = planSelect(select, database);
  if (isSqlFault(planned)) return planned;
  const { columns } = planned;
  const rows = async (caller: Caller) => {
    const outcome = await planned.run(caller);
    if (isSqlFault(outcome)) return outcome;
    return outcome.kind === 'rows' ? outcome.rows : [];
  };
  return filterKnown({ name: 'SELECT', columns, rows }, where);
}

/** Rows beyond these are not looked at. */
const enoughFor = (statement: Select): number =>
  statement.limit === undefined || !isPlain(statement)
    ? Number.POSITIVE_INFINITY
    : statement.limit.offset + statement.limit.count;

export const tableColumns = ({ name: table, columns, primary }: Table): Column[] =>
  columns.map(({ name, length }) => ({ name, table, schema, primary: name === primary, length }));
