import { ok } from '../outcome.ts';
import { newState } from '../state.ts';
import { answer } from '../wire/answer.ts';
import type { Command } from './command.ts';

/** COM_RESET_CONNECTION: as a new connection, without logging in anew. Pools send it between two users of theirs. */
export const resetConnection: Command = ({ client, sequence }) => {
  client.statements.clear();
  client.encoding = client.firstEncoding;
  Object.assign(client.caller.state, newState());
  return answer(sequence, ok(), client);
};
