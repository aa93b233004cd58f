import { type Command, nothing } from './command.ts';

/** COM_STMT_CLOSE. It has no answer. */
export const closeStatement: Command = ({ client, fields }) => {
  client.statements.remove(fields.uint(4));
  return nothing;
};
