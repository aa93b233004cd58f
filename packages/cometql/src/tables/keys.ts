/** The columns that several tables have. */
import {
  type Channel,
  isFault,
  limits,
  parseChannel,
  parseEvent,
  parseUser,
  type User,
} from '@encke/protocol';
import type { Caller } from '../caller.ts';
import { broken, invalid, required, tooLong } from '../faults.ts';
import { isSqlFault, type SqlFault } from '../outcome.ts';
import type { Fields, TableColumn } from './define.ts';

/** Characters; the rule itself is the parser's. */
const shortestName = 3;

export const idColumn: TableColumn = { name: 'id', length: 9 };
export const nameColumn: TableColumn = { name: 'name', length: limits.channelNameMax };
export const indexColumn: TableColumn = { name: 'index', length: 9 };
export const eventColumn: TableColumn = { name: 'event', length: limits.eventLength };
/** Seconds since 1970, or a small number that says something else. */
export const timeColumn: TableColumn = { name: 'time', length: 20 };
/** As long as the message limit may be set. */
export const textColumn = (name: string): TableColumn => ({ name, length: 16_777_215 });

/** Of up to 9 digits: such a column in the application's own database fills numbers up with zeros. */
const filledUp = /^0+(?=[1-9]\d*$)/;
const longestId = 9;

/** [I2] */
export function userKey(text: string): User | SqlFault {
  const user = parseUser(text.length > longestId ? text : text.replace(filledUp, ''), 'id');
  return isFault(user) ? invalid(user.text) : user;
}

/** [I9] */
export function channelKey(text: string): Channel | SqlFault {
  const name = parseChannel(text, 'name');
  return isFault(name) ? broken(name, text, limits.channelNameMax, shortestName) : name;
}

export function userOf({ id }: Fields): User | SqlFault {
  return id === undefined ? required('id') : userKey(id);
}

export function channelOf({ name }: Fields): Channel | SqlFault {
  return name === undefined ? required('name') : channelKey(name);
}

/** [I5] */
function eventOf({ event: text }: Fields): string | SqlFault {
  const event = parseEvent(text);
  return isFault(event) ? broken(event, text ?? '', limits.eventLength) : event;
}

/** Text as it is stored: a JSON string. Only its own bytes count against the message limit. */
export function dataOf(fields: Fields, column: string, caller: Caller): string | SqlFault {
  const text = fields[column];
  if (text === undefined) return required(column);
  const { maxMessage } = caller.config;
  // A UTF-16 unit takes at most 3 bytes: most messages need no counting.
  if (text.length * 3 > maxMessage && Buffer.byteLength(text) > maxMessage)
    return tooLong(`\`${column}\` must be at most ${maxMessage} bytes`);
  return JSON.stringify(text);
}

/** What an INSERT says to a user or a channel. */
export function messageOf(
  fields: Fields,
  caller: Caller,
): { readonly event: string; readonly data: string } | SqlFault {
  const event = eventOf(fields);
  if (isSqlFault(event)) return event;
  const data = dataOf(fields, 'message', caller);
  return isSqlFault(data) ? data : { event, data };
}

/** Stored JSON as text: a string is itself, anything else its JSON. */
export const shownText = (data: string): string =>
  data.startsWith('"') ? String(JSON.parse(data)) : data;
