/** SET: nearly all that clients set holds for nothing here, and is passed over. */
import { unknownCharset } from '../faults.ts';
import { isKnown } from '../unsafe-charset.ts';
import type { Cursor } from './cursor.ts';
import type { Statement } from './syntax-tree.ts';

const scopes = new Set(['SESSION', 'LOCAL', 'GLOBAL']);
const ofSession = /^(?:@@)?(?:(?:session|local)\.)?/;
const switches = new Map(
  Object.entries({ '0': false, OFF: false, FALSE: false, '1': true, ON: true, TRUE: true }),
);

/** `character` is the first half of `CHARACTER SET`. */
const charsets = new Set(
  'names charset character character_set_client character_set_connection'.split(' '),
);

const noName = new Set(['DEFAULT', 'NULL']);

/** A client that believes in it escapes quotes alone: a backslash at the end of a value would let it end its own quotes. */
const bareBackslash = /NO_BACKSLASH_ESCAPES/i;

/** Behind SET: `name = value, …`, and what has a form of its own. */
export function parseSet(cursor: Cursor): Statement {
  let autocommit: boolean | undefined;
  do {
    const isGlobal = cursor.acceptOne(scopes) === 'GLOBAL';
    const name = cursor.bare().toLowerCase().replace(ofSession, '');
    if (name === 'autocommit' && !isGlobal) autocommit = parseSwitch(cursor) ?? autocommit;
    if (charsets.has(name)) refuseUnknown(cursor);
    skipAssignment(cursor, name === 'sql_mode');
  } while (cursor.accept(','));
  return { kind: 'set', autocommit };
}

/** @returns undefined when it is neither on nor off. */
function parseSwitch(cursor: Cursor): boolean | undefined {
  const value = parseValue(cursor);
  return value === undefined ? undefined : switches.get(value.toUpperCase());
}

/** `NAMES gbk`, `CHARACTER SET gbk`, `character_set_client = gbk` */
function refuseUnknown(cursor: Cursor): void {
  cursor.pass();
  cursor.accept('SET');
  acceptSign(cursor);
  const { kind, keyword } = cursor.lexer;
  // What the one before was, or what a parameter is not yet, or text that does not end: no name.
  if (kind === 'variable' || kind === 'setting' || kind === 'open' || noName.has(keyword)) return;
  const name = token(cursor);
  if (name !== '' && !isKnown(name)) cursor.refuse(unknownCharset());
}

/** `name = value`, of one token. */
function parseValue(cursor: Cursor): string | undefined {
  cursor.pass();
  return acceptSign(cursor) ? token(cursor) : undefined;
}

const acceptSign = (cursor: Cursor): boolean => cursor.accept('=') || cursor.accept(':=');

const token = (cursor: Cursor): string =>
  cursor.lexer.kind === 'parameter' ? String(cursor.parameter()) : cursor.bare();

/** To the comma that ends it, or to the end of the statement. `isMode`: it says what a backslash means, which is fixed here. */
function skipAssignment(cursor: Cursor, isMode: boolean): void {
  for (let depth = 0; depth > 0 || !cursor.is(','); ) {
    if (cursor.atEnd()) return;
    if (cursor.is('(')) depth += 1;
    if (cursor.is(')')) depth -= 1;
    const isParameter = cursor.lexer.kind === 'parameter';
    if (isMode && bareBackslash.test(token(cursor))) cursor.missing('NO_BACKSLASH_ESCAPES');
    if (!(isMode && isParameter)) cursor.pass();
  }
}
