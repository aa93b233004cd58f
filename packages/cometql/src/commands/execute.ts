import { type Client, textOf } from '../client.ts';
import { SqlFault } from '../outcome.ts';
import type { Prepared } from '../prepared-statements.ts';
import { answer } from '../wire/answer.ts';
import { notText, unknownStatement, wrongArguments } from '../wire/faults.ts';
import { type Fields, Malformed } from '../wire/fields.ts';
import { type Bound, readParameters } from '../wire/parameters.ts';
import type { Command } from './command.ts';
import { statementTurn } from './statement.ts';

function bind(client: Client, prepared: Prepared, fields: Fields): Bound | SqlFault {
  const sentAhead = client.statements.takeAhead(prepared.id);
  if (sentAhead instanceof SqlFault) return sentAhead;
  let isText = true;
  const text = (bytes: Buffer): string => {
    const read = textOf(client, bytes);
    if (read === undefined) isText = false;
    return read ?? '';
  };
  try {
    const { parameters: count, types } = prepared;
    const bound = readParameters(fields, { count, types, sentAhead, text });
    return isText ? bound : notText;
  } catch (error) {
    // The packet has its length, so the next one begins where it should.
    if (error instanceof Malformed) return wrongArguments;
    throw error;
  }
}

/** COM_STMT_EXECUTE. Cursors are not opened: a client that asks for one gets all rows at once, which it has to expect. */
export const execute: Command = ({ client, fields, sequence }) => {
  const prepared = client.statements.get(fields.uint(4));
  if (prepared === undefined) return answer(sequence, unknownStatement, client);
  fields.bytes(5);
  const bound = bind(client, prepared, fields);
  if (bound instanceof SqlFault) return answer(sequence, bound, client);
  prepared.types = bound.types;
  const { values } = bound;
  return statementTurn({ client, sequence, statement: prepared.text, values, binary: true });
};
