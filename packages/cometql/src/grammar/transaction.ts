/** BEGIN, COMMIT and the like. There are no transactions, so all that stands behind these words is passed over. */
import type { Cursor } from './cursor.ts';
import type { Statement } from './syntax-tree.ts';

const rest = (cursor: Cursor, kind: 'begin' | 'commit' | 'nothing'): Statement => {
  cursor.skip();
  return { kind };
};

export const parseBegin = (cursor: Cursor): Statement => rest(cursor, 'begin');

/** `START TRANSACTION …`, or `START REPLICA`. */
export const parseStart = (cursor: Cursor): Statement =>
  rest(cursor, cursor.is('TRANSACTION') ? 'begin' : 'nothing');

export const parseCommit = (cursor: Cursor): Statement => rest(cursor, 'commit');

/** `ROLLBACK TO savepoint` ends nothing. */
export function parseRollback(cursor: Cursor): Statement {
  cursor.accept('WORK');
  return rest(cursor, cursor.is('TO') ? 'nothing' : 'commit');
}
