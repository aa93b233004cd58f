/** The door of the language: a statement in, what it ends in out. */
import { RedisUnavailable } from '@encke/cluster';
import type { Caller, Parameter } from './caller.ts';
import { unavailable } from './faults.ts';
import type { Constant } from './grammar/insert.ts';
import { parse } from './grammar/parse.ts';
import { type Column, isSqlFault, type Outcome, type SqlFault } from './outcome.ts';
import { plan } from './plan.ts';
import { evaluate, noRow } from './questions/evaluate.ts';
import { unknownInValue } from './questions/names.ts';
import { remember } from './state.ts';

/**
 * Carries out one statement. What it stores is sent to Redis in this turn of the event loop, so statements that begin
 * together share a round trip and take effect in order. An OK is only ever said of what is stored.
 */
export async function execute(
  caller: Caller,
  statement: string,
  parameters: readonly Parameter[],
): Promise<Outcome> {
  const values = parameters.map((value) => (typeof value === 'bigint' ? String(value) : value));
  const scope = noRow(caller);
  const constant: Constant = (expression, table) =>
    unknownInValue(expression, table) ?? evaluate(expression, scope);
  const parsed = parse(statement, values, constant);
  if (isSqlFault(parsed)) return parsed;
  const planned = plan(parsed.statement, caller.database);
  if (isSqlFault(planned)) return planned;
  try {
    const outcome = await planned.run(caller);
    remember(caller.state, parsed.statement, outcome);
    return outcome;
  } catch (error) {
    // Only reading ends here: what writes says itself what became of it.
    if (error instanceof RedisUnavailable) return unavailable('no', error.message);
    throw error;
  }
}

/** What a client learns of a statement before it executes it. `database`: the one in use. */
export function prepare(
  statement: string,
  database: string,
): { readonly parameters: number; readonly columns: readonly Column[] } | SqlFault {
  const parsed = parse(
    statement,
    undefined,
    (expression, table) => unknownInValue(expression, table) ?? '',
  );
  if (isSqlFault(parsed)) return parsed;
  const planned = plan(parsed.statement, database);
  if (isSqlFault(planned)) return planned;
  return { parameters: parsed.parameters, columns: planned.columns };
}
