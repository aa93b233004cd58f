/** A statement as a turn: as text with rows as text, or prepared with rows in binary. */

import type { Parameter } from '../caller.ts';
import { type Client, outcomeOf } from '../client.ts';
import { type Outcome, SqlFault } from '../outcome.ts';
import type { Turn } from '../pipeline.ts';
import { answer, lastSequence } from '../wire/answer.ts';

const addsMessages =
  /^\s*(?:insert|replace)\s+(?:into\s+)?(?:[`"]?CometQL_v1[`"]?\s*\.\s*)?[`"]?(?:users_messages|pipes_messages)\b/i;
const headLength = 128;

/** Whether all that it does is to add messages: in what order they start is all that matters. */
const together = (statement: string): boolean => addsMessages.test(statement.slice(0, headLength));

export interface StatementCall {
  readonly client: Client;
  /** Of the first packet of the answer. */
  readonly sequence: number;
  readonly statement: string;
  readonly values?: readonly Parameter[];
  readonly binary?: boolean;
}

export const statementTurn = (call: StatementCall): Turn => ({
  together: together(call.statement),
  async run() {
    const { client, sequence, statement, values = [], binary = false } = call;
    const outcome = await outcomeOf(client, statement, values);
    return answer(sequence, outcome, { capabilities: client.capabilities, binary });
  },
});

/** One after the other; the first error is the last answer. */
export const statementsTurn = (
  client: Client,
  first: number,
  statements: readonly string[],
): Turn => ({
  together: false,
  async run() {
    const answers: Buffer[] = [];
    let sequence = first;
    for (const [i, statement] of statements.entries()) {
      const outcome: Outcome = await outcomeOf(client, statement);
      const ended = outcome instanceof SqlFault || i === statements.length - 1;
      const bytes = answer(sequence, outcome, {
        capabilities: client.capabilities,
        more: !ended,
      });
      answers.push(bytes);
      sequence = (lastSequence(bytes) + 1) & 0xff;
      if (ended) break;
    }
    return Buffer.concat(answers);
  },
});
