import { noColumn, notImplemented } from '../faults.ts';
import type { Expression } from '../grammar/syntax-tree.ts';
import type { SqlFault } from '../outcome.ts';
import { isFunction } from './functions.ts';

/** The first column or function in an expression that there is not. `table` is for the text. */
export function unknownIn(
  expression: Expression,
  table: string,
  has: (column: string) => boolean,
): SqlFault | undefined {
  if (typeof expression !== 'object' || expression === null) return undefined;
  if (expression.kind === 'name') {
    const name = expression.path.at(-1) ?? '';
    return expression.text || has(name) ? undefined : noColumn(table, name);
  }
  if (expression.kind === 'call' && !isFunction(expression.name))
    return notImplemented(`the function ${expression.name.slice(0, 64)}`);
  for (const child of childrenOf(expression)) {
    const fault = unknownIn(child, table, has);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const hasVariable = (expression: Expression): boolean =>
  typeof expression === 'object' &&
  expression !== null &&
  (expression.kind === 'variable' || childrenOf(expression).some(hasVariable));

/** What there is not in an expression that stands for a value. Variables are never set: NULL in their place would be stored. */
export const unknownInValue = (expression: Expression, table: string): SqlFault | undefined =>
  unknownIn(expression, table, () => false) ??
  (hasVariable(expression) ? notImplemented('a variable for a value') : undefined);

function childrenOf(expression: Expression & object): readonly Expression[] {
  switch (expression.kind) {
    case 'call':
      return expression.args;
    case 'chain':
      return [expression.first, ...expression.links.map((link) => link.operand)];
    case 'all':
    case 'any':
      return expression.parts;
    case 'between':
      return [expression.operand, expression.from, expression.to];
    case 'in':
      return [expression.operand, ...expression.list];
    case 'like':
      return [expression.operand, expression.pattern];
    case 'not':
    case 'minus':
    case 'is':
      return [expression.operand];
    case 'case':
      return [
        expression.operand ?? null,
        ...expression.branches.flatMap(({ when, value }) => [when, value]),
        expression.otherwise,
      ];
    default:
      return [];
  }
}
