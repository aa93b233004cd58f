import type { Metrics } from '@encke/service';
import { type Outcome, SqlFault } from './outcome.ts';

/** Counts a statement that was carried out, or was not. */
export type Observe = (statement: string, outcome: Outcome, seconds: number) => void;

/** Seconds. A statement is one Redis round trip; the last bucket is past the command timeout. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5];

/** The label must not grow with what clients send. */
const kinds = new Set(['insert', 'replace', 'select', 'delete', 'show', 'describe', 'set', 'use']);

const verb = /^\s*([a-z]{2,8})\b/i;

export function kindOf(statement: string): string {
  const word = verb.exec(statement.slice(0, 64))?.[1]?.toLowerCase() ?? '';
  return kinds.has(word) ? word : 'other';
}

function outcomeLabel(outcome: Outcome): string {
  if (!(outcome instanceof SqlFault)) return 'ok';
  switch (outcome.errno) {
    case 1205:
      return 'unavailable';
    case 1105:
      return 'error';
    default:
      return 'refused';
  }
}

export function observeStatements(metrics: Metrics): Observe {
  const total = metrics.counter('encke_cometql_statements_total', 'Statements.', [
    'kind',
    'outcome',
  ]);
  const time = metrics.histogram(
    'encke_cometql_statement_seconds',
    'From the start of a statement to its outcome.',
    buckets,
  );
  return (statement, outcome, seconds) => {
    total.inc({ kind: kindOf(statement), outcome: outcomeLabel(outcome) });
    time.observe(seconds);
  };
}
