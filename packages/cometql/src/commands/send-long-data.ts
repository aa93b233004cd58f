import { type Command, nothing } from './command.ts';

/** COM_STMT_SEND_LONG_DATA: a piece of a value of the next execution. It has no answer. */
export const sendLongData: Command = ({ client, fields }) => {
  client.statements.sendAhead(fields.uint(4), fields.uint(2), fields.rest());
  return nothing;
};
