import type { Caller, Parameter } from './caller.ts';
import type { Column, Outcome, SqlFault } from './outcome.ts';

/** What the wire needs of CometQL: it knows packets, and nothing of what is in a statement. */
export interface Language {
  /** Expected errors are outcomes. Adding messages is begun before it returns: statements keep their order. */
  execute(caller: Caller, statement: string, parameters: readonly Parameter[]): Promise<Outcome>;
  /** `database`: the one in use. */
  prepare(
    statement: string,
    database: string,
  ): { readonly parameters: number; readonly columns: readonly Column[] } | SqlFault;
}
