/** The one place where a command's first byte becomes what it does. */
import type { Client } from '../client.ts';
import { ok } from '../outcome.ts';
import type { Work } from '../pipeline.ts';
import { answer } from '../wire/answer.ts';
import { command } from '../wire/constants.ts';
import { noCursor, notSupported, unknownCommand } from '../wire/faults.ts';
import { Fields } from '../wire/fields.ts';
import { closeStatement } from './close-statement.ts';
import type { Arrival } from './command.ts';
import { execute } from './execute.ts';
import { fieldList } from './field-list.ts';
import { initDatabase } from './init-database.ts';
import { prepare } from './prepare.ts';
import { query } from './query.ts';
import { resetConnection } from './reset-connection.ts';
import { resetStatement } from './reset-statement.ts';
import { sendLongData } from './send-long-data.ts';
import { setOption } from './set-option.ts';
import { statementTurn } from './statement.ts';
import { statistics } from './statistics.ts';

/** Logging in anew and leaving concern the connection itself: it deals with them. */
export type Personal = 'quit' | 'change user';

export function personal(payload: Buffer): Personal | undefined {
  if (payload[0] === command.quit) return 'quit';
  return payload[0] === command.changeUser ? 'change user' : undefined;
}

function dispatch(code: number | undefined, arrival: Arrival): Work {
  const { client, sequence } = arrival;
  switch (code) {
    case command.query:
      return query(arrival);
    case command.prepare:
      return prepare(arrival);
    case command.execute:
      return execute(arrival);
    case command.sendLongData:
      return sendLongData(arrival);
    case command.closeStatement:
      return closeStatement(arrival);
    case command.resetStatement:
      return resetStatement(arrival);
    case command.ping:
      return answer(sequence, ok(), client);
    case command.initDatabase:
      return initDatabase(arrival);
    case command.fieldList:
      return fieldList(arrival);
    case command.resetConnection:
      return resetConnection(arrival);
    case command.setOption:
      return setOption(arrival);
    case command.statistics:
      return statistics(arrival);
    case command.processInfo:
      return statementTurn({ client, sequence, statement: 'SHOW PROCESSLIST' });
    case command.fetch:
      return answer(sequence, noCursor, client);
    case command.processKill:
      return answer(sequence, notSupported, client);
    default:
      return answer(sequence, unknownCommand, client);
  }
}

/** @throws Malformed when the packet does not hold what its command needs. */
export const workOf = (client: Client, payload: Buffer, sequence: number): Work =>
  dispatch(payload[0], { client, sequence, fields: new Fields(payload.subarray(1)) });
