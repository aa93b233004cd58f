import type { Caller } from '../caller.ts';
import { tooLong } from '../faults.ts';
import type { Expression, Item, Select, Value } from '../grammar/syntax-tree.ts';
import type { Row, SqlFault } from '../outcome.ts';
import { evaluate } from '../questions/evaluate.ts';
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

/** From the rows of the source to those of the answer. */
export function project(
  statement: Select,
  source: Source,
  rows: readonly Row[],
  caller: Caller,
): Row[] | SqlFault {
  const { items, limit } = statement;
  const scope = new RowScope(caller, source.columns);
  const { offset, count: most } = limit ?? { offset: 0, count: Number.POSITIVE_INFINITY };
  if (items.some(isCounted)) {
    const first = rows[0] ?? source.columns.map(() => null);
    const counts = items.flatMap((item) => count(item, rows, first, scope));
    return [counts].slice(offset, offset + most);
  }
  const answer: Row[] = [];
  let size = 0;
  for (const row of sort(statement, rows, scope).slice(offset, offset + most)) {
    const shown = items.flatMap((item) => cells(item, row, scope));
    for (const value of shown) size += perValue + (value?.length ?? 0);
    if (size > largestAnswer) return tooLong('the answer is too long: ask for less at once');
    answer.push(shown);
  }
  return answer;
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
function sort({ items, order }: Select, rows: readonly Row[], scope: RowScope): readonly Row[] {
  if (order.length === 0) return rows;
  const keyed = rows.map((row) => {
    scope.row = row;
    return { row, keys: order.map(({ by }) => evaluate(aliased(by, items, scope), scope)) };
  });
  keyed.sort((a, b) => {
    for (const [i, { descending }] of order.entries()) {
      const sign = compare(a.keys[i] ?? null, b.keys[i] ?? null);
      if (sign !== 0) return descending ? -sign : sign;
    }
    return 0;
  });
  return keyed.map(({ row }) => row);
}

/** A name that is no column is what SELECT calls something else. */
function aliased(by: Expression, items: readonly Item[], scope: RowScope): Expression {
  if (typeof by !== 'object' || by?.kind !== 'name') return by;
  const name = by.path.at(-1) ?? '';
  if (scope.column(name) !== undefined) return by;
  const item = items.find(({ label }) => label.toLowerCase() === name.toLowerCase());
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
