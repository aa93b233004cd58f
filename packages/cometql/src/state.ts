/** What statements leave behind for those that follow on the same connection. */
import type { Statement } from './grammar/syntax-tree.ts';

export interface State {
  autocommit: boolean;
  /** There are no transactions, but clients believe that theirs has begun only when the server says so too. */
  inTransaction: boolean;
}

export const newState = (): State => ({ autocommit: true, inTransaction: false });

/** After a statement that was carried out. */
export function remember(state: State, statement: Statement): void {
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
