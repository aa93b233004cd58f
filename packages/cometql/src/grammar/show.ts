import type { Cursor } from './cursor.ts';
import { parseWhere } from './select.ts';
import type { Show, Statement, TableName } from './syntax-tree.ts';

const modifiers = new Set(['FULL', 'EXTENDED', 'GLOBAL', 'SESSION', 'LOCAL', 'STORAGE']);
const ends = new Set(['FROM', 'IN', 'LIKE', 'WHERE', 'FOR', 'LIMIT', ';', '']);
/** Words of a subject at most. */
const longest = 3;

/** Behind SHOW: `[FULL …] subject [FROM table [FROM schema]] [LIKE 'pattern' | WHERE …]` */
export function parseShow(cursor: Cursor): Show {
  const met = new Set<string>();
  for (;;) {
    const modifier = cursor.acceptOne(modifiers);
    if (modifier === undefined) break;
    met.add(modifier);
  }
  if (cursor.accept('CREATE')) return showCreate(cursor, met);
  const subject = parseSubject(cursor);
  if (cursor.is('FOR') || cursor.is('LIMIT')) cursor.skip();
  const table = cursor.accept('FROM') || cursor.accept('IN') ? parsePlace(cursor) : undefined;
  const like = cursor.accept('LIKE') ? String(cursor.literal() ?? cursor.fail()) : undefined;
  const where = like === undefined ? parseWhere(cursor) : undefined;
  if (cursor.is('LIMIT')) cursor.skip();
  return { kind: 'show', subject, modifiers: met, table, like, where };
}

function showCreate(cursor: Cursor, met: ReadonlySet<string>): Show {
  const subject = `CREATE ${cursor.name().toUpperCase()}`;
  const table = cursor.tableName();
  return { kind: 'show', subject, modifiers: met, table, like: undefined, where: undefined };
}

function parseSubject(cursor: Cursor): string {
  if (cursor.lexer.kind !== 'word') cursor.fail();
  const words: string[] = [];
  while (cursor.lexer.kind === 'word' && !ends.has(cursor.lexer.keyword)) {
    if (words.length === longest) cursor.fail();
    words.push(cursor.name().toUpperCase());
  }
  // SHOW COUNT(*) WARNINGS
  if (words[0] === 'COUNT' && cursor.accept('(')) {
    for (const word of ['*', ')']) cursor.expect(word);
    words.push(cursor.name().toUpperCase());
  }
  return words.join(' ');
}

/** `t`, `schema.t`, or `t FROM schema` */
function parsePlace(cursor: Cursor): TableName {
  const table = cursor.tableName();
  if (!cursor.accept('FROM') && !cursor.accept('IN')) return table;
  return { schema: cursor.name(), name: table.name };
}

const explained = new Set(
  'SELECT INSERT REPLACE DELETE UPDATE ANALYZE FORMAT EXTENDED WITH'.split(' '),
);

/** Behind DESCRIBE: `table [column]` */
export function parseDescribe(cursor: Cursor): Statement {
  if (explained.has(cursor.lexer.keyword)) cursor.missing('EXPLAIN');
  const table = cursor.tableName();
  const column = cursor.isName() || cursor.lexer.kind === 'string' ? cursor.lexer : undefined;
  if (column === undefined) return { kind: 'describe', table, column };
  const name = column.kind === 'string' ? String(cursor.literal()) : cursor.name();
  return { kind: 'describe', table, column: name };
}
