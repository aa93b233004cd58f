/** What statements leave behind for those that follow on the same connection. */
import type { Statement } from './grammar/syntax-tree.ts';
import { isSqlFault, type Outcome } from './outcome.ts';

export interface State {
  autocommit: boolean;
  /** There are no transactions, but clients believe that theirs has begun only when the server says so too. */
  inTransaction: boolean;
  /** Of the last INSERT; 0: there was none. */
  insertId: number;
  /** Of the last statement; -1: it had rows, or failed. */
  affectedRows: number;
  /** Of the last answer that had rows. */
  foundRows: number;
}

export const newState = (): State => ({
  ...{ autocommit: true, inTransaction: false },
  ...{ insertId: 0, affectedRows: 0, foundRows: 0 },
});

export function remember(state: State, statement: Statement, outcome: Outcome): void {
  state.affectedRows = -1;
  if (isSqlFault(outcome)) return;
  if (outcome.kind === 'rows') state.foundRows = outcome.rows.length;
  else {
    state.affectedRows = outcome.affectedRows;
    state.insertId = outcome.insertId || state.insertId;
  }
  follow(state, statement);
}

/** Whether a transaction has begun. */
function follow(state: State, statement: Statement): void {
  switch (statement.kind) {
    case 'begin':
      state.inTransaction = true;
      break;
    case 'commit':
      state.inTransaction = false;
      break;
    case 'set':
      if (statement.autocommit === true) state.inTransaction = false;
      state.autocommit = statement.autocommit ?? state.autocommit;
      break;
    case 'select':
      if (statement.from !== undefined) beginSilently(state);
      break;
    case 'insert':
    case 'delete':
      beginSilently(state);
  }
}

/** Without autocommit the first statement about a table begins a transaction. */
function beginSilently(state: State): void {
  if (!state.autocommit) state.inTransaction = true;
}
