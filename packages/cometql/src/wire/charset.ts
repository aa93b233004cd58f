/**
 * From bytes to text. Whoever sends UTF-8 is understood whatever character set the connection claims to have: many old
 * scripts say `latin1` and send UTF-8, and the old server passed bytes on. Other bytes are read as what the client named.
 */
import { isUtf8 } from 'node:buffer';
import mysql from 'mysql2';
import { isKnown, isUnsafe } from '../unsafe-charset.ts';

/** A name that TextDecoder knows, or undefined when only UTF-8 will do. */
export type Encoding = string | undefined;

function known(label: string | undefined): Encoding {
  if (label === undefined || isUnsafe(label) || /^(utf-?8|cesu8|binary)/i.test(label))
    return undefined;
  try {
    return new TextDecoder(label.replace(/^koi8(?=[ru]$)/, 'koi8-')).encoding;
  } catch {
    return undefined;
  }
}

/** Of the number of a collation, as a client gives it when it connects. */
export const encodingOfCollation = (collation: number): Encoding =>
  known(mysql.CharsetToEncoding[collation]);

const longestSet = 64;

/** As a client gives it when it connects. */
export const isUnsafeCollation = (collation: number): boolean =>
  isUnsafe(mysql.CharsetToEncoding[collation] ?? '');

/** Of a statement that changes it; null when it is no such statement, or one that is refused. */
export function encodingSetBy(statement: string): Encoding | null {
  if (statement.length > longestSet) return null;
  const name = /^\s*set\s+(?:names|character\s+set)\s+['"]?([a-z0-9-]+)/i.exec(statement)?.[1];
  return name === undefined || !isKnown(name) ? null : known(name);
}

/** undefined: the bytes are text in neither. */
export function decode(bytes: Buffer, encoding: Encoding): string | undefined {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  return encoding === undefined ? undefined : new TextDecoder(encoding).decode(bytes);
}
