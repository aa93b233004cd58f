import { ok } from '../outcome.ts';
import { answer } from '../wire/answer.ts';
import { unknownStatement } from '../wire/faults.ts';
import type { Command } from './command.ts';

/** COM_STMT_RESET: forgets what was sent ahead. */
export const resetStatement: Command = ({ client, fields, sequence }) => {
  const id = fields.uint(4);
  if (client.statements.get(id) === undefined) return answer(sequence, unknownStatement, client);
  client.statements.forget(id);
  return answer(sequence, ok(), client);
};
