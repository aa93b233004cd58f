import { invalid, tooLong } from '../faults.ts';
import type { Select } from '../grammar/syntax-tree.ts';
import { type Column, loose, renamed, type SqlFault } from '../outcome.ts';
import { unknownIn } from '../questions/names.ts';
import { isCounted } from './project.ts';
import type { Source } from './source.ts';

/** As in MySQL. With `*` of a SELECT within a SELECT there could be any number. */
const mostColumns = 4_096;

/** The columns of the answer. */
export function columnsOf(
  { items, from }: Select,
  source: Source,
  has: (name: string) => boolean,
): Column[] | SqlFault {
  const columns: Column[] = [];
  for (const item of items) {
    const { expression, label } = item;
    if (typeof expression === 'object' && expression?.kind === 'star') {
      if (from === undefined) return invalid('`*` needs a table in FROM');
      columns.push(...source.columns);
      if (columns.length > mostColumns)
        return tooLong(`an answer may have at most ${mostColumns} columns`);
      continue;
    }
    const counted = isCounted(item) ? item.expression.args : [expression];
    for (const part of counted) {
      const fault = unknownIn(part, source.name, has);
      if (fault !== undefined) return fault;
    }
    columns.push(columnOf(source, label, expression));
  }
  return columns;
}

function columnOf(
  source: Source,
  label: string,
  expression: Exclude<Select['items'][number]['expression'], { kind: 'star' }>,
): Column {
  if (typeof expression !== 'object' || expression?.kind !== 'name') return loose(label);
  const name = expression.path.at(-1)?.toLowerCase();
  const column = source.columns.find((candidate) => candidate.name.toLowerCase() === name);
  if (column === undefined) return loose(label);
  return column.name === label ? column : renamed(column, { name: label });
}
