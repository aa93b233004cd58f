/** What a statement's tree comes to: the columns of its answer, known before it runs, and how to run it. */
import type { Caller } from './caller.ts';
import { noDatabase, noThread, notImplemented } from './faults.ts';
import type { Statement } from './grammar/syntax-tree.ts';
import { schemaNames } from './information-schema/schema.ts';
import { type Column, type Outcome, ok, type SqlFault } from './outcome.ts';
import { evaluate, noRow } from './questions/evaluate.ts';
import { planDelete } from './select/delete.ts';
import { planSelect, withoutRows } from './select/select.ts';
import { planDescribe, planShow } from './show/index.ts';
import { planInsert } from './tables/insert.ts';

export interface Plan {
  readonly columns: readonly Column[];
  run(caller: Caller): Outcome | Promise<Outcome>;
}

/** The one switch over statements. `database`: the one in use. */
export function plan(statement: Statement, database: string): Plan | SqlFault {
  switch (statement.kind) {
    case 'insert':
      return planInsert(statement, database);
    case 'select':
      return planSelect(statement, database);
    case 'delete':
      return planDelete(statement, database);
    case 'show':
      return planShow(statement, database);
    case 'describe':
      return planDescribe(statement, database);
    case 'use':
      return planUse(statement.database);
    case 'kill':
      return { columns: [], run: (caller) => kill(caller, statement) };
    case 'begin':
    case 'commit':
    case 'set':
    case 'nothing':
      return { columns: [], run: () => ok() };
    case 'nowhere':
      return withoutRows(statement.labels, statement.counted);
  }
}

function planUse(name: string): Plan | SqlFault {
  const known = schemaNames.find((known) => known.toLowerCase() === name.toLowerCase());
  if (known === undefined) return noDatabase(name);
  const run = (caller: Caller) => {
    caller.database = known;
    return ok();
  };
  return { columns: [], run };
}

function kill(caller: Caller, statement: Extract<Statement, { kind: 'kill' }>): Outcome {
  const id = Number(evaluate(statement.connection, noRow(caller)));
  const known = caller.connections().some((connection) => connection.id === id);
  return known ? notImplemented('KILL') : noThread();
}
