/** The one table of errors that statements end in. The small numbers are the old server's, the others MySQL's. */
import type { Fault } from '@encke/protocol';
import { SqlFault } from './outcome.ts';

/** A name in an error text: it came from the peer, and may be of any length. */
const shown = (name: string): string => `\`${name.length > 64 ? `${name.slice(0, 64)}…` : name}\``;

export const notImplemented = (what: string): SqlFault =>
  new SqlFault(2, `not implemented: ${what}`);

/** `near`: what is left of the statement from where it stopped making sense, as MySQL shows it. */
export const syntax = (near: string, line: number): SqlFault =>
  new SqlFault(3, `You have an error in your SQL syntax near '${near}' at line ${line}`);

export const readOnly = (table: string): SqlFault =>
  new SqlFault(10, `Table \`${table}\` is read only`);

export const tooLong = (text: string): SqlFault => new SqlFault(11, text);
export const invalid = (text: string): SqlFault => new SqlFault(12, text);
export const tooShort = (text: string): SqlFault => new SqlFault(17, text);

export const required = (column: string): SqlFault => invalid(`field \`${column}\` is required`);

export const noKey = (column: string): SqlFault =>
  new SqlFault(13, `no value for the primary key \`${column}\` in WHERE`);

export const noColumn = (table: string, column: string): SqlFault =>
  new SqlFault(14, `Not a specific column: \`${table}\` has no column ${shown(column)}`);

export const noTable = (name: string): SqlFault =>
  new SqlFault(15, `Table doesn't exist: ${shown(name)}`);

export const noDatabase = (name: string): SqlFault =>
  new SqlFault(1049, `Unknown database ${shown(name)}`, '42000');

/** Of text in which an escaped quote is not safe: see the wire's character sets. */
export const unknownCharset = (): SqlFault =>
  new SqlFault(1115, 'Unknown character set: use utf8mb4', '42000');

export const emptyQuery = (): SqlFault => new SqlFault(1065, 'Query was empty', '42000');

export const noThread = (): SqlFault => new SqlFault(1094, 'Unknown thread id');

export const tooManyParameters = (): SqlFault =>
  new SqlFault(1390, 'Prepared statement contains too many placeholders');

/** Redis is away, for the log as `why` says. `before`: what had been stored for good when it went. */
export function unavailable(stored: 'no' | 'unknown', why: string, before = ''): SqlFault {
  const what =
    stored === 'no'
      ? 'the statement was not carried out'
      : 'it is not known whether the statement was carried out';
  return new SqlFault(1205, `Redis is away: ${before === '' ? what : before}`, undefined, why);
}

/** A value broke a rule of its column: which errno says so depends on the length it may have. */
export function broken(fault: Fault, value: string, longest: number, shortest = 0): SqlFault {
  if (value.length > longest) return tooLong(fault.text);
  return value.length < shortest ? tooShort(fault.text) : invalid(fault.text);
}
