import type { Caller } from '../caller.ts';
import { tooLong } from '../faults.ts';
import type { Expression, Item, Select, Value } from '../grammar/syntax-tree.ts';
import type { Column, Row, SqlFault } from '../outcome.ts';
import { evaluate } from '../questions/evaluate.ts';
import { isTrue } from '../questions/functions.ts';
import { RowScope } from './filter.ts';
import type { Source } from './source.ts';

type Counted = Item & { readonly expression: Extract<Expression, { readonly kind: 'call' }> };

export const isCounted = (item: Item): item is Counted =>
  typeof item.expression === 'object' &&
  item.expression?.kind === 'call' &&
  item.expression.name === 'COUNT';

const shown = (value: Value): string | null => (value === null ? null : String(value));

/** Characters of an answer, and some for each value: it is held in memory as a whole. */
const largestAnswer = 128 * 1_048_576;
const perValue = 16;
const answerTooLong = tooLong('the answer is too long: ask for less at once');

/** A line of the answer, and the row that it comes from: of several, the first. */
interface Line {
  readonly row: Row;
  readonly shown: Row;
}

/** Whether every row is a line, in the order of the rows: then a limit may be applied to these. */
export const isPlain = ({ distinct, items, group, having, order }: Select): boolean =>
  !distinct && having === undefined && group.length + order.length === 0 && !items.some(isCounted);

export interface Projection {
  readonly statement: Select;
  readonly source: Source;
  /** Of the answer. */
  readonly columns: readonly Column[];
}

/** From the rows of the source to those of the answer. */
export function project(
  { statement, source, columns }: Projection,
  rows: readonly Row[],
  caller: Caller,
): Row[] | SqlFault {
  const { limit, having, distinct } = statement;
  const cut = <T>(all: readonly T[]): readonly T[] =>
    limit === undefined ? all : all.slice(limit.offset, limit.offset + limit.count);
  const scope = new RowScope(caller, source.columns);
  const plain = isPlain(statement);
  const made = linesOf(statement, groupsOf(statement, plain ? cut(rows) : rows, scope), scope);
  if (made === undefined) return answerTooLong;
  let lines: readonly Line[] = made;
  if (having !== undefined) lines = lines.filter(holds(having, columns, scope));
  if (distinct) lines = different(lines);
  if (!plain) lines = cut(sort(statement, lines, columns, scope));
  return lines.map(({ shown }) => shown);
}

/** @returns undefined as soon as they are too long. */
function linesOf(
  { items }: Select,
  groups: readonly (readonly Row[])[],
  scope: RowScope,
): Line[] | undefined {
  const lines: Line[] = [];
  let size = 0;
  for (const group of groups) {
    const row = group[0] ?? scope.nothing;
    const shown: (string | null)[] = [];
    for (const item of items)
      for (const value of count(item, group, row, scope)) {
        shown.push(value);
        size += perValue + (value?.length ?? 0);
        if (size > largestAnswer) return undefined;
      }
    lines.push({ row, shown });
  }
  return lines;
}

/** The rows of one line each. To count without GROUP BY, all are of one line, and there is one also when there are none. */
function groupsOf(
  { items, group }: Select,
  rows: readonly Row[],
  scope: RowScope,
): (readonly Row[])[] {
  if (group.length === 0) return items.some(isCounted) ? [rows] : rows.map((row) => [row]);
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    scope.row = row;
    const key = JSON.stringify(group.map((by) => evaluate(aliased(by, items, scope), scope)));
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [row]);
    else known.push(row);
  }
  return [...groups.values()];
}

/** HAVING: a name is what SELECT calls so, or else a column. */
function holds(having: Expression, columns: readonly Column[], scope: RowScope) {
  const labels = new RowScope(scope.caller, columns);
  const both = {
    caller: scope.caller,
    column: (name: string) => labels.column(name) ?? scope.column(name),
  };
  return ({ row, shown }: Line): boolean => {
    labels.row = shown;
    scope.row = row;
    return isTrue(evaluate(having, both));
  };
}

function different(lines: readonly Line[]): readonly Line[] {
  const met = new Map<string, Line>();
  for (const line of lines) {
    const key = JSON.stringify(line.shown);
    if (!met.has(key)) met.set(key, line);
  }
  return [...met.values()];
}

function cells({ expression }: Item, row: Row, scope: RowScope): Row {
  if (typeof expression === 'object' && expression?.kind === 'star') return row;
  scope.row = row;
  return [shown(evaluate(expression, scope))];
}

/** With COUNT there is one row; what else is asked for comes from the first. */
function count(item: Item, rows: readonly Row[], first: Row, scope: RowScope): Row {
  if (!isCounted(item)) return cells(item, first, scope);
  const [arg] = item.expression.args;
  if (arg === undefined) return [String(rows.length)];
  const some = rows.filter((row) => {
    scope.row = row;
    return evaluate(arg, scope) !== null;
  });
  return [String(some.length)];
}

/** Stable, so that what has one key keeps its order. */
function sort(
  { order }: Select,
  lines: readonly Line[],
  columns: readonly Column[],
  scope: RowScope,
): readonly Line[] {
  if (order.length === 0) return lines;
  const labels = new Map(columns.map(({ name }, i) => [name.toLowerCase(), i]));
  // A number is a place among the columns of the answer.
  const places = order.map(({ by }) =>
    typeof by === 'number' ? by - 1 : placeOf(by, labels, scope),
  );
  const keyed = lines.map((line) => {
    scope.row = line.row;
    const keys = order.map(({ by }, i) => {
      const place = places[i];
      return place === undefined ? evaluate(by, scope) : (line.shown[place] ?? null);
    });
    return { line, keys };
  });
  keyed.sort((a, b) => {
    for (const [i, { descending }] of order.entries()) {
      const sign = compare(a.keys[i] ?? null, b.keys[i] ?? null);
      if (sign !== 0) return descending ? -sign : sign;
    }
    return 0;
  });
  return keyed.map(({ line }) => line);
}

/** A name that is no column is what SELECT calls something else. */
function placeOf(
  by: Expression,
  labels: ReadonlyMap<string, number>,
  scope: RowScope,
): number | undefined {
  if (typeof by !== 'object' || by?.kind !== 'name') return undefined;
  const name = by.path.at(-1) ?? '';
  return scope.column(name) === undefined ? labels.get(name.toLowerCase()) : undefined;
}

/** A name that is no column is what SELECT calls something else. */
function aliased(by: Expression, items: readonly Item[], scope: RowScope): Expression {
  let item: Item | undefined;
  if (typeof by === 'number') item = items[by - 1];
  if (typeof by === 'object' && by?.kind === 'name') {
    const name = by.path.at(-1) ?? '';
    if (scope.column(name) !== undefined) return by;
    item = items.find(({ label }) => label.toLowerCase() === name.toLowerCase());
  }
  const expression = item?.expression ?? by;
  return typeof expression === 'object' && expression?.kind === 'star' ? by : expression;
}

const number = /^-?[0-9]{1,15}$/;

/** NULL first; numbers, which are text here, as numbers. */
function compare(a: Value, b: Value): number {
  if (a === null || b === null) return Number(b === null) - Number(a === null);
  const [x, y] = [String(a), String(b)];
  if (number.test(x) && number.test(y)) return Number(x) - Number(y);
  if (x === y) return 0;
  return x < y ? -1 : 1;
}
