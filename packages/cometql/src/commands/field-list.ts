import { textOf } from '../client.ts';
import { SqlFault } from '../outcome.ts';
import { answer, fieldList as listed } from '../wire/answer.ts';
import type { Command } from './command.ts';

/** COM_FIELD_LIST: the columns of a table, with which old clients complete what is typed. */
export const fieldList: Command = ({ client, fields, sequence }) => {
  const table = (textOf(client, fields.terminated()) ?? '').replaceAll('`', '``');
  const { house, caller } = client;
  const found = house.language.prepare(`SELECT * FROM \`${table}\``, caller.database);
  if (found instanceof SqlFault) return answer(sequence, found, client);
  return listed(sequence, found.columns, client);
};
