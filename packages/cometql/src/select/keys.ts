import { noColumn, noKey, notImplemented, tooLong } from '../faults.ts';
import type { Expression } from '../grammar/syntax-tree.ts';
import { isSqlFault, type SqlFault } from '../outcome.ts';
import { hasColumn, type Table } from '../tables/define.ts';

/** Values in one WHERE: each is a question to Redis. */
const most = 65_536;

/**
 * The values that WHERE gives for the primary key: `pk = v`, `pk IN (v, …)`, and several of these with OR.
 * @returns none when WHERE is never true; undefined when there is no WHERE and the table does without.
 */
export function keysOf(
  where: Expression | undefined,
  table: Table,
  needed = !table.whole,
): readonly string[] | undefined | SqlFault {
  if (where === undefined) return needed ? noKey(table.primary) : undefined;
  if (isNever(where)) return [];
  const keys: string[] = [];
  const fault = collect(where, table, keys);
  if (fault !== undefined) return fault;
  if (keys.length === 0) return noKey(table.primary);
  if (keys.length > most) return tooLong(`WHERE may have at most ${most} values`);
  return keys;
}

/** `1 = 0` and the like, with which clients ask for the columns alone. */
function isNever(where: Expression): boolean {
  if (typeof where === 'number') return where === 0;
  if (typeof where !== 'object' || where === null) return false;
  if (where.kind === 'all') return where.parts.some(isNever);
  if (where.kind !== 'chain') return false;
  const [link, more] = where.links;
  if (typeof where.first !== 'number' || typeof link?.operand !== 'number' || more) return false;
  const equal = where.first === link.operand;
  return link.operator === '=' ? !equal : link.operator === '<>' && equal;
}

function collect(where: Expression, table: Table, keys: string[]): SqlFault | undefined {
  if (typeof where !== 'object' || where === null) return noKey(table.primary);
  switch (where.kind) {
    case 'any':
      for (const part of where.parts) {
        const fault = collect(part, table, keys);
        if (fault !== undefined) return fault;
      }
      return undefined;
    case 'all':
      return withMore(where.parts, table);
    case 'in':
      return primary(where.operand, table) ?? constants(where.list, keys);
    case 'chain': {
      const [link, more] = where.links;
      if (link === undefined || more !== undefined || link.operator !== '=') break;
      const turned = !isColumn(where.first, table) && isColumn(link.operand, table);
      const [column, value] = turned ? [link.operand, where.first] : [where.first, link.operand];
      return primary(column, table) ?? constants([value], keys);
    }
  }
  return anyPrimary(where, table);
}

/** Conditions besides that on the key. Without the key there is nothing to read at all. */
function withMore(parts: readonly Expression[], table: Table): SqlFault {
  for (const part of parts) {
    const fault = collect(part, table, []);
    if (fault === undefined) return notImplemented(`WHERE with more than \`${table.primary}\``);
    if (isSqlFault(fault) && fault.errno === 14) return fault;
  }
  return noKey(table.primary);
}

function isColumn(expression: Expression, table: Table): boolean {
  return (
    typeof expression === 'object' &&
    expression?.kind === 'name' &&
    hasColumn(table, expression.path.at(-1) ?? '')
  );
}

/** Whether this is the primary key; if not, what is wrong with it. */
function primary(expression: Expression, table: Table): SqlFault | undefined {
  if (typeof expression !== 'object' || expression?.kind !== 'name') return noKey(table.primary);
  const name = expression.path.at(-1) ?? '';
  if (!hasColumn(table, name)) return noColumn(table.name, name);
  return name.toLowerCase() === table.primary ? undefined : noKey(table.primary);
}

/** A condition of another kind: on the key it is one that this server does not have. */
function anyPrimary(where: Expression & object, table: Table): SqlFault {
  const operand =
    where.kind === 'chain' ? where.first : 'operand' in where ? (where.operand ?? null) : null;
  if (where.kind === 'not') return noKey(table.primary);
  const fault = primary(operand, table);
  return fault ?? notImplemented(`WHERE with other conditions than = and IN`);
}

function constants(values: readonly Expression[], keys: string[]): SqlFault | undefined {
  for (const value of values) {
    // NULL equals nothing, and so is no value.
    if (value === null) continue;
    if (typeof value === 'object') {
      const negative = value.kind === 'minus' && typeof value.operand !== 'object';
      if (!negative) return notImplemented('WHERE with an expression for a value');
      keys.push(`-${value.operand}`);
    } else keys.push(String(value));
  }
  return undefined;
}
