import { textOf } from '../client.ts';
import type { Command } from './command.ts';
import { statementTurn } from './statement.ts';

/** The statement that a database is chosen by. */
export const useStatement = (database: string): string =>
  `USE \`${database.replaceAll('`', '``')}\``;

/** COM_INIT_DB */
export const initDatabase: Command = ({ client, fields, sequence }) =>
  statementTurn({
    client,
    sequence,
    statement: useStatement(textOf(client, fields.rest()) ?? ''),
  });
