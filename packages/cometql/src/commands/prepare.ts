import { textOf } from '../client.ts';
import { SqlFault } from '../outcome.ts';
import { answer, prepared } from '../wire/answer.ts';
import { notText } from '../wire/faults.ts';
import type { Command } from './command.ts';

/** COM_STMT_PREPARE */
export const prepare: Command = ({ client, fields, sequence }) => {
  const text = textOf(client, fields.rest());
  if (text === undefined) return answer(sequence, notText, client);
  const shape = client.house.language.prepare(text, client.caller.database);
  if (shape instanceof SqlFault) return answer(sequence, shape, client);
  const statement = client.statements.add(text, shape.parameters);
  if (statement instanceof SqlFault) return answer(sequence, statement, client);
  return prepared(sequence, { ...shape, id: statement.id }, client);
};
