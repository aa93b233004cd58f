/** The functions that clients call when they connect, or that stand in statements by habit. */
import { randomUUID } from 'node:crypto';
import type { Caller } from '../caller.ts';
import type { Value } from '../grammar/syntax-tree.ts';
import { serverVersion } from '../version.ts';
import { maxPacket } from './variables.ts';

type Evaluated = (args: readonly Value[], caller: Caller) => Value;

/** `2026-11-22 17:40:00`, in UTC. */
const timestamp = (): string => new Date().toISOString().slice(0, 19).replace('T', ' ');
const text = (value: Value): string | null => (value === null ? null : String(value));
const user: Evaluated = (_, caller) => `${caller.user}@%`;
const database: Evaluated = (_, caller) => (caller.database === '' ? null : caller.database);
const first: Evaluated = ([value = null]) => value;
const now: Evaluated = timestamp;
const today: Evaluated = () => timestamp().slice(0, 10);

function mapText(map: (value: string) => Value): Evaluated {
  return ([value = null]) => (value === null ? null : map(String(value)));
}

/** As in MySQL, NULL when it would be longer than a packet. */
const concat: Evaluated = (args) => {
  const texts = args.map((value) => String(value));
  const length = texts.reduce((sum, value) => sum + value.length, 0);
  return args.includes(null) || length > maxPacket ? null : texts.join('');
};

const textAt = ([value = null, from = null, length = null]: readonly Value[]): Value => {
  if (value === null || from === null) return null;
  const all = [...String(value)];
  const place = numberOf(from);
  const start = place < 0 ? all.length + place : place - 1;
  if (place === 0 || start < 0) return '';
  const end = length === null ? all.length : start + Math.max(0, numberOf(length));
  return all.slice(start, end).join('');
};

/** Of a time like that of `NOW()`, or a date; NaN when it is neither. */
const millisecondsOf = (value: Value): number => Date.parse(`${String(value).replace(' ', 'T')}Z`);

const unixTime: Evaluated = ([value]) => {
  const time = value === undefined ? Date.now() : millisecondsOf(value);
  return Number.isNaN(time) ? null : Math.floor(time / 1_000);
};

/** `-01:30:00`, of two times like that of `NOW()`. */
const timeBetween: Evaluated = ([a = null, b = null]) => {
  const seconds = Math.trunc((millisecondsOf(a) - millisecondsOf(b)) / 1_000);
  if (Number.isNaN(seconds)) return null;
  const all = Math.abs(seconds);
  const parts = [Math.floor(all / 3_600), Math.floor(all / 60) % 60, all % 60];
  const text = parts.map((part) => String(part).padStart(2, '0')).join(':');
  return seconds < 0 ? `-${text}` : text;
};

const left: Evaluated = ([value = null, length = null]) =>
  length === null ? null : textAt([value, 1, length]);

const right: Evaluated = ([value = null, length = null]) => {
  if (value === null || length === null) return null;
  const count = Math.max(0, numberOf(length));
  return count === 0 ? '' : [...String(value)].slice(-count).join('');
};

/** Of the first place, 1; where it is not, 0. */
const locate: Evaluated = ([part = null, value = null]) =>
  part === null || value === null
    ? null
    : String(value).toLowerCase().indexOf(String(part).toLowerCase()) + 1;

const functions = new Map<string, Evaluated>(
  Object.entries({
    BINARY: first,
    CAST: first,
    CHAR_LENGTH: mapText((value) => [...value].length),
    COALESCE: (args) => args.find((value) => value !== null) ?? null,
    CONCAT: concat,
    CONNECTION_ID: (_, caller) => caller.connection,
    CONVERT: first,
    CONVERT_TZ: first,
    CURDATE: today,
    CURRENT_DATE: today,
    CURRENT_ROLE: () => 'NONE',
    CURRENT_TIMESTAMP: now,
    CURRENT_USER: user,
    DATABASE: database,
    FOUND_ROWS: (_, { state }) => state.foundRows,
    IF: ([test = null, yes = null, no = null]) => (isTrue(test) ? yes : no),
    IFNULL: ([value = null, other = null]) => value ?? other,
    LAST_INSERT_ID: (_, { state }) => state.insertId,
    LEFT: left,
    LENGTH: mapText((value) => Buffer.byteLength(value)),
    LOCALTIME: now,
    LOCALTIMESTAMP: now,
    LOCATE: locate,
    LOWER: mapText((value) => value.toLowerCase()),
    NOW: now,
    NULLIF: ([a = null, b = null]) => (text(a) === text(b) ? null : a),
    RIGHT: right,
    ROW_COUNT: (_, { state }) => state.affectedRows,
    SCHEMA: database,
    SESSION_USER: user,
    SUBSTRING: textAt,
    SUBSTR: textAt,
    SYSDATE: now,
    SYSTEM_USER: user,
    TIMEDIFF: timeBetween,
    UNIX_TIMESTAMP: unixTime,
    UPPER: mapText((value) => value.toUpperCase()),
    USER: user,
    UTC_TIMESTAMP: now,
    UUID: () => randomUUID(),
    VERSION: () => serverVersion,
  } satisfies Record<string, Evaluated>),
);

export const isFunction = (name: string): boolean => functions.has(name);

export function callFunction(name: string, args: readonly Value[], caller: Caller): Value {
  return functions.get(name)?.(args, caller) ?? null;
}

/** NULL is not true. Text counts as the number that it begins with. */
export function isTrue(value: Value): boolean {
  return value !== null && numberOf(value) !== 0;
}

export function numberOf(value: string | number): number {
  if (typeof value === 'number') return value;
  const number = Number.parseFloat(value);
  return Number.isNaN(number) ? 0 : number;
}
