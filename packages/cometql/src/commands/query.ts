import { textOf } from '../client.ts';
import { splitStatements } from '../split-statements.ts';
import { answer } from '../wire/answer.ts';
import { encodingSetBy } from '../wire/charset.ts';
import { capability } from '../wire/constants.ts';
import { notText } from '../wire/faults.ts';
import type { Command } from './command.ts';
import { statementsTurn, statementTurn } from './statement.ts';

/** COM_QUERY */
export const query: Command = ({ client, fields, sequence }) => {
  const statement = textOf(client, fields.rest());
  if (statement === undefined) return answer(sequence, notText, client);
  const encoding = encodingSetBy(statement);
  if (encoding !== null) client.encoding = encoding;
  if (client.capabilities & capability.multiStatements && statement.includes(';')) {
    const statements = splitStatements(statement);
    if (statements.length > 1) return statementsTurn(client, sequence, statements);
  }
  return statementTurn({ client, sequence, statement });
};
