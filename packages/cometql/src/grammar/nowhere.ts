/**
 * Graphical clients ask the schemas that describe MySQL itself about routines, triggers, keys and grants, with joins,
 * subqueries and functions. None of that exists here, so the right answer to all of it has no rows. This reads only the
 * names of the columns. What is asked about tables that have rows is not answered so: an error is better than a wrong answer.
 */
import { isFilled } from '../information-schema/index.ts';
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

const startsSelect = ({ keyword }: Lexer): boolean => keyword === 'SELECT';

const bareWord = (lexer: Lexer): string =>
  lexer.kind === 'name' ? lexer.text().slice(1, -1).toUpperCase() : lexer.keyword;

/**
 * Whether a table of one of those schemas is named behind FROM or JOIN, and it is sure that there are no rows: the first
 * such table has none, or it is joined with another. What is joined otherwise has no rows here either.
 */
function isNowhere(source: string): boolean {
  const lexer = new Lexer(source);
  while (lexer.keyword === ';') lexer.next();
  if (!startsSelect(lexer)) return false;
  let [behind, found, filled, outer] = [false, false, false, false];
  do {
    lexer.next();
    const { keyword } = lexer;
    if (keyword === 'LEFT') outer = true;
    if (keyword === 'UNION' && filled) return false;
    if (keyword === 'JOIN' && found) return !(filled && outer);
    if (behind && !found && schemas.has(bareWord(lexer))) {
      found = true;
      lexer.next();
      if (lexer.keyword === '.') lexer.next();
      filled = isFilled(bareWord(lexer));
      if (!filled) return true;
    }
    behind = introduce.has(keyword);
  } while (lexer.kind !== 'end' && lexer.kind !== 'open');
  return false;
}

/** Whether all that is asked for is how many there are. */
function isCount(source: string): boolean {
  return /^[\s;]*SELECT\s+COUNT\s*\([^(),]*\)(?:\s+(?:AS\s+)?[`'"\w]+)?\s+FROM\b(?!.*\bGROUP\b)/is.test(
    source,
  );
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
    const counted = isCount(source);
    return { statement: { kind: 'nowhere', labels, counted }, parameters: cursor.parameters };
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
