/** From the text of one statement to its tree. */
import { emptyQuery } from '../faults.ts';
import type { SqlFault } from '../outcome.ts';
import { Cursor, Refusal } from './cursor.ts';
import { parseExpression } from './expression.ts';
import { type Constant, parseInsert } from './insert.ts';
import { parseNowhere } from './nowhere.ts';
import { parseDelete, parseSelect } from './select.ts';
import { parseSet } from './set.ts';
import { parseDescribe, parseShow } from './show.ts';
import type { Statement, Value } from './syntax-tree.ts';
import { parseBegin, parseCommit, parseRollback, parseStart } from './transaction.ts';

export interface Parsed {
  readonly statement: Statement;
  readonly parameters: number;
}

/** These need no doing. */
const accepted = new Set('SAVEPOINT RELEASE UNLOCK DO'.split(' '));

/** Statements of MySQL that this server does not have. */
const unknown = new Set(
  (
    'UPDATE CREATE ALTER DROP TRUNCATE RENAME CALL LOAD GRANT REVOKE LOCK FLUSH ANALYZE OPTIMIZE CHECK REPAIR CHECKSUM ' +
    'HANDLER PREPARE EXECUTE DEALLOCATE XA WITH TABLE VALUES HELP INSTALL UNINSTALL RESET PURGE CHANGE STOP SHUTDOWN'
  ).split(' '),
);

/**
 * `values`: of the parameters; undefined while the statement is only prepared. `constant`: what an expression without
 * columns stands for.
 */
export function parse(
  source: string,
  values: readonly Value[] | undefined,
  constant: Constant,
): Parsed | SqlFault {
  const cursor = new Cursor(source, values);
  try {
    const statement = parseStatement(cursor, constant);
    cursor.end();
    return { statement, parameters: cursor.parameters };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return parseNowhere(source, values) ?? error.fault;
  }
}

function parseStatement(cursor: Cursor, constant: Constant): Statement {
  const { lexer } = cursor;
  while (cursor.accept(';'));
  if (lexer.kind === 'end') cursor.refuse(emptyQuery());
  const { keyword } = lexer;
  if (unknown.has(keyword)) cursor.missing(keyword);
  if (accepted.has(keyword)) {
    cursor.skip();
    return { kind: 'nothing' };
  }
  const parseRest = statements.get(keyword);
  if (parseRest === undefined) return cursor.fail();
  lexer.next();
  return parseRest(cursor, constant);
}

const statements = new Map<string, (cursor: Cursor, constant: Constant) => Statement>([
  ['INSERT', parseInsert],
  ['REPLACE', parseInsert],
  ['SELECT', parseSelect],
  ['DELETE', parseDelete],
  ['SHOW', parseShow],
  ['DESCRIBE', parseDescribe],
  ['DESC', parseDescribe],
  ['EXPLAIN', parseDescribe],
  ['SET', parseSet],
  ['BEGIN', parseBegin],
  ['START', parseStart],
  ['COMMIT', parseCommit],
  ['ROLLBACK', parseRollback],
  ['USE', (cursor) => ({ kind: 'use', database: cursor.name() })],
  ['KILL', parseKill],
]);

function parseKill(cursor: Cursor): Statement {
  if (!cursor.accept('QUERY')) cursor.accept('CONNECTION');
  return { kind: 'kill', connection: parseExpression(cursor) };
}
