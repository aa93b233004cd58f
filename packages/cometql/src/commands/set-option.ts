import { answer, end } from '../wire/answer.ts';
import { capability } from '../wire/constants.ts';
import { unknownCommand } from '../wire/faults.ts';
import type { Command } from './command.ts';

/** COM_SET_OPTION: several statements in one packet, on (0) or off (1). */
export const setOption: Command = ({ client, fields, sequence }) => {
  const option = fields.uint(2);
  if (option > 1) return answer(sequence, unknownCommand, client);
  if (option === 0) client.capabilities |= capability.multiStatements;
  else client.capabilities &= ~capability.multiStatements;
  return end(sequence, client);
};
