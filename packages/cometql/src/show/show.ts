import type { Caller } from '../caller.ts';
import type { Show } from '../grammar/syntax-tree.ts';
import type { Row, SqlFault } from '../outcome.ts';

/** One kind of SHOW. Its answer is filtered with LIKE, by the first column, and with WHERE. */
export interface Shown {
  /** Names of the columns, or what is wrong with the statement. */
  columns(show: Show, database: string): readonly string[] | SqlFault;
  rows(caller: Caller, show: Show): readonly Row[] | Promise<readonly Row[]>;
}
