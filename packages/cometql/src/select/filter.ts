import type { Caller } from '../caller.ts';
import type { Expression } from '../grammar/syntax-tree.ts';
import { type Column, isSqlFault, type Row } from '../outcome.ts';
import { evaluate, type Scope } from '../questions/evaluate.ts';
import { isTrue } from '../questions/functions.ts';
import type { Source } from './source.ts';

/** Looks up columns of one row after the other. */
export class RowScope implements Scope {
  readonly caller: Caller;
  row: Row = [];
  /** A row of NULLs. */
  readonly nothing: Row;
  readonly #places = new Map<string, number>();

  constructor(caller: Caller, columns: readonly Column[]) {
    this.caller = caller;
    this.nothing = columns.map(() => null);
    for (const [i, { name }] of columns.entries()) this.#places.set(name.toLowerCase(), i);
  }

  column(name: string): string | null | undefined {
    const place = this.#places.get(name.toLowerCase());
    return place === undefined ? undefined : (this.row[place] ?? null);
  }
}

/** The rows for which `where` holds. A column that there is not is NULL. */
export function filterRows(
  caller: Caller,
  columns: readonly Column[],
  rows: readonly Row[],
  where: Expression | undefined,
): readonly Row[] {
  if (where === undefined) return rows;
  const scope = new RowScope(caller, columns);
  return rows.filter((row) => {
    scope.row = row;
    return isTrue(evaluate(where, scope));
  });
}

export function filter(source: Source, where: Expression | undefined): Source {
  if (where === undefined) return source;
  const rows = async (caller: Caller) => {
    const all = await source.rows(caller);
    return isSqlFault(all) ? all : filterRows(caller, source.columns, all, where);
  };
  return { ...source, rows };
}
