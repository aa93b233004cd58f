/**
 * Graphical clients ask the schemas that describe MySQL itself about routines, triggers, keys and grants, with joins,
 * subqueries and functions. None of that exists here, so the right answer to all of it has no rows. This reads only the
 * names of the columns.
 */
import { Cursor, Refusal } from './cursor.ts';
import { Lexer } from './lexer.ts';
import type { Statement, Value } from './syntax-tree.ts';

const schemas = new Set(['INFORMATION_SCHEMA', 'PERFORMANCE_SCHEMA', 'MYSQL', 'SYS']);

/** Whether a schema is one that describes MySQL itself. */
export const describesServer = (schema: string): boolean => schemas.has(schema.toUpperCase());

/** A table stands behind these. */
const introduce = new Set(['FROM', 'JOIN']);
/** Columns of an answer. */
const mostLabels = 4_096;
/** Characters of an expression that name its column. */
const longestLabel = 256;

/** Whether a table of one of those schemas is named behind FROM or JOIN. */
function isNowhere(source: string): boolean {
  const lexer = new Lexer(source);
  while (lexer.keyword === ';') lexer.next();
  if (lexer.keyword !== 'SELECT') return false;
  let behind = false;
  do {
    lexer.next();
    const bare = lexer.kind === 'name' ? lexer.text().slice(1, -1).toUpperCase() : lexer.keyword;
    if (behind && schemas.has(bare)) return true;
    behind = introduce.has(lexer.keyword);
  } while (lexer.kind !== 'end' && lexer.kind !== 'open');
  return false;
}

/** What the columns between SELECT and FROM are called. */
function readLabels(cursor: Cursor): string[] {
  const { lexer } = cursor;
  const labels: string[] = [];
  let [depth, start, label] = [0, 0, ''];
  for (lexer.next(), start = lexer.start; lexer.kind !== 'end'; ) {
    if (depth === 0 && (cursor.is(',') || cursor.is('FROM'))) {
      labels.push(label);
      if (labels.length > mostLabels) cursor.fail();
      if (cursor.is('FROM')) break;
      lexer.next();
      [start, label] = [lexer.start, ''];
      continue;
    }
    if (cursor.is('(')) depth += 1;
    if (cursor.is(')')) depth -= 1;
    // An alias or a column is one name at the end; anything else is called as it is written.
    if (cursor.isName() || lexer.kind === 'string') label = cursor.unquoted();
    else label = lexer.source.slice(start, Math.min(lexer.end, start + longestLabel));
    if (lexer.kind === 'parameter') cursor.parameter();
    else lexer.next();
  }
  return labels;
}

/** @returns undefined when the statement is about something else. */
export function parseNowhere(
  source: string,
  values: readonly Value[] | undefined,
): { statement: Statement; parameters: number } | undefined {
  if (!isNowhere(source)) return undefined;
  const cursor = new Cursor(source, values);
  try {
    while (cursor.accept(';'));
    const labels = readLabels(cursor);
    cursor.skip();
    cursor.end();
    return { statement: { kind: 'nowhere', labels }, parameters: cursor.parameters };
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
