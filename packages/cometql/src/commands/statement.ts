/** A statement as a turn: as text with rows as text, or prepared with rows in binary. */
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { Parameter } from '../caller.ts';
import { type Client, outcomeOf } from '../client.ts';
import { type Outcome, SqlFault } from '../outcome.ts';
import type { Turn } from '../pipeline.ts';
import { answer, lastSequence, type Style } from '../wire/answer.ts';
import { answerTooLarge, tooManyAtOnce } from '../wire/faults.ts';

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

const styleOf = ({ capabilities, caller }: Client): Style => ({ capabilities, caller });

export const statementTurn = (call: StatementCall): Turn => ({
  together: together(call.statement),
  async run() {
    const { client, sequence, statement, values = [], binary = false } = call;
    const outcome = await outcomeOf(client, statement, values);
    return answer(sequence, outcome, { ...styleOf(client), binary });
  },
});

/** Bytes of the answers to one packet: they are held until the last is known. */
const mostBytes = 64 * 1024 * 1024;
/** Statements in one packet. */
const mostStatements = 65_536;
/** Statements that ask nobody would otherwise all run before another connection is looked at. */
const atOnce = 64;

/** One after the other; the first error is the last answer. */
export const statementsTurn = (
  client: Client,
  first: number,
  statements: readonly string[],
): Turn => ({
  together: false,
  async run() {
    if (statements.length > mostStatements) return answer(first, tooManyAtOnce, client);
    const answers: Buffer[] = [];
    let [sequence, size] = [first, 0];
    for (const [i, statement] of statements.entries()) {
      if (i % atOnce === atOnce - 1) await othersTurn();
      const full = size > mostBytes;
      const outcome: Outcome = full ? answerTooLarge : await outcomeOf(client, statement);
      const ended = outcome instanceof SqlFault || i === statements.length - 1;
      const bytes = answer(sequence, outcome, { ...styleOf(client), more: !ended });
      answers.push(bytes);
      size += bytes.length;
      sequence = (lastSequence(bytes) + 1) & 0xff;
      if (ended) break;
    }
    return Buffer.concat(answers);
  },
});
