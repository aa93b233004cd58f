import type { Cursor } from './cursor.ts';
import { isAllColumns, parseCount, parseExpression, reserved } from './expression.ts';
import type { Delete, Expression, Item, Limit, Order, Select } from './syntax-tree.ts';

/** Characters of an expression that name its column. */
const longestLabel = 256;

/** Columns of an answer, and names in ORDER BY: MySQL takes no more. */
const mostItems = 4_096;

const modifiers = new Set(
  'ALL DISTINCT DISTINCTROW SQL_NO_CACHE SQL_CACHE HIGH_PRIORITY'.split(' '),
);
const unknown = new Set('UNION JOIN INNER LEFT RIGHT CROSS NATURAL INTO PROCEDURE WITH'.split(' '));

/** Refuses by name what SQL has and this server does not. */
function refuseUnknown(cursor: Cursor): void {
  if (unknown.has(cursor.lexer.keyword)) cursor.missing(cursor.lexer.keyword);
}

/** Behind SELECT. */
export function parseSelect(cursor: Cursor): Select {
  let distinct = false;
  for (let word = cursor.acceptOne(modifiers); word; word = cursor.acceptOne(modifiers))
    distinct ||= word.startsWith('DISTINCT');
  if (cursor.is('SQL_CALC_FOUND_ROWS')) cursor.missing('SQL_CALC_FOUND_ROWS');
  const items: Item[] = [];
  do {
    items.push(parseItem(cursor));
    if (items.length > mostItems) cursor.fail();
  } while (cursor.accept(','));
  refuseUnknown(cursor);
  const { from, alias } = cursor.accept('FROM') ? parseFrom(cursor) : nowhere;
  const where = parseWhere(cursor);
  refuseUnknown(cursor);
  const group = parseGroup(cursor);
  const having = cursor.accept('HAVING') ? parseExpression(cursor) : undefined;
  refuseUnknown(cursor);
  const order = parseOrder(cursor);
  const limit = parseLimit(cursor);
  refuseUnknown(cursor);
  acceptLock(cursor);
  return { kind: 'select', distinct, items, from, alias, where, group, having, order, limit };
}

function parseItem(cursor: Cursor): Item {
  const { lexer } = cursor;
  const { start } = lexer;
  if (cursor.accept('*')) return { expression: { kind: 'star' }, label: '*' };
  const expression = parseExpression(cursor);
  if (isAllColumns(expression)) return { expression: { kind: 'star' }, label: '*' };
  const label = labelOf(expression, lexer.source.slice(start, lexer.before));
  if (cursor.accept('AS')) return { expression, label: itemAlias(cursor) };
  if ((cursor.isName() || lexer.kind === 'string') && !reserved.has(lexer.keyword))
    return { expression, label: itemAlias(cursor) };
  return { expression, label };
}

/** The only place where a name may stand in single quotes. */
function itemAlias(cursor: Cursor): string {
  return cursor.lexer.kind === 'string' ? String(cursor.literal()) : cursor.name();
}

/** A column is called by its name, text by itself, anything else as it is written. */
function labelOf(expression: Expression, written: string): string {
  if (typeof expression === 'object' && expression?.kind === 'name')
    return expression.path.at(-1) ?? '';
  const isText = typeof expression === 'string' && written.startsWith("'");
  return (isText ? expression : written).slice(0, longestLabel);
}

type From = Pick<Select, 'from' | 'alias'>;
const nowhere: From = { from: undefined, alias: undefined };

/** `DUAL` is no table. */
function parseFrom(cursor: Cursor): From {
  if (cursor.accept('(')) return parseDerived(cursor);
  const quoted = cursor.lexer.kind !== 'word';
  const from = cursor.tableName();
  const named = cursor.isName() && !reserved.has(cursor.lexer.keyword);
  const alias = cursor.accept('AS') || named ? cursor.name() : undefined;
  refuseJoin(cursor);
  const dual = !quoted && from.schema === '' && from.name.toUpperCase() === 'DUAL';
  return dual ? nowhere : { from, alias };
}

/** `(SELECT …) AS t` */
function parseDerived(cursor: Cursor): From {
  cursor.expect('SELECT');
  const from = cursor.deeper(() => parseSelect(cursor));
  cursor.expect(')');
  cursor.accept('AS');
  const alias = cursor.name();
  refuseJoin(cursor);
  return { from, alias };
}

function refuseJoin(cursor: Cursor): void {
  refuseUnknown(cursor);
  if (cursor.is(',')) cursor.missing('several tables in FROM');
}

function parseGroup(cursor: Cursor): Expression[] {
  const group: Expression[] = [];
  if (!cursor.accept('GROUP')) return group;
  cursor.expect('BY');
  do {
    group.push(parseExpression(cursor));
    if (group.length > mostItems) cursor.fail();
  } while (cursor.accept(','));
  return group;
}

export function parseWhere(cursor: Cursor): Expression | undefined {
  return cursor.accept('WHERE') ? parseExpression(cursor) : undefined;
}

function parseOrder(cursor: Cursor): Order[] {
  const order: Order[] = [];
  if (!cursor.accept('ORDER')) return order;
  cursor.expect('BY');
  do {
    const by = parseExpression(cursor);
    const descending = cursor.accept('DESC');
    if (!descending) cursor.accept('ASC');
    order.push({ by, descending });
    if (order.length > mostItems) cursor.fail();
  } while (cursor.accept(','));
  return order;
}

/** `LIMIT n`, `LIMIT offset, n`, `LIMIT n OFFSET offset` */
function parseLimit(cursor: Cursor): Limit | undefined {
  if (!cursor.accept('LIMIT')) return undefined;
  const first = parseCount(cursor);
  if (cursor.accept(',')) return { offset: first, count: parseCount(cursor) };
  return { offset: cursor.accept('OFFSET') ? parseCount(cursor) : 0, count: first };
}

/** Rows are never locked, so asking for it changes nothing. */
function acceptLock(cursor: Cursor): void {
  if (cursor.accept('FOR')) {
    if (!cursor.accept('SHARE')) cursor.expect('UPDATE');
  } else if (cursor.accept('LOCK')) {
    for (const word of ['IN', 'SHARE', 'MODE']) cursor.expect(word);
  }
}

/** Behind DELETE. */
export function parseDelete(cursor: Cursor): Delete {
  cursor.acceptOne(new Set(['LOW_PRIORITY', 'QUICK', 'IGNORE']));
  cursor.expect('FROM');
  const table = cursor.tableName();
  const where = parseWhere(cursor);
  if (cursor.is('ORDER')) cursor.missing('ORDER BY in DELETE');
  return { kind: 'delete', table, where, limit: parseLimit(cursor) };
}
