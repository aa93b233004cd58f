import type { Caller } from '../caller.ts';
import type { Column, Row, SqlFault } from '../outcome.ts';

/** Where the rows of a SELECT come from. */
export interface Source {
  /** For texts of errors. */
  readonly name: string;
  readonly columns: readonly Column[];
  rows(caller: Caller): Promise<readonly Row[] | SqlFault>;
}
