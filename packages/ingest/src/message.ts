import type { Append, Appended } from '@encke/cluster';
import {
  type App,
  Fault,
  isFault,
  parseEvent,
  parseIdempotencyKey,
  parseTtl,
  parseUser,
  type User,
} from '@encke/protocol';
import { invalid, isProblem, type Problem, tooLarge } from './problem.ts';

export type Fields = Readonly<Record<string, unknown>>;

const messageFields = new Set(['event', 'data', 'ttl', 'idempotencyKey']);
const itemFields = new Set(['user', ...messageFields]);

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A misspelt optional field would otherwise be ignored without a word. */
export function unknownFields(fields: Fields, known: ReadonlySet<string>): Fault[] {
  const faults: Fault[] = [];
  for (const name in fields)
    if (!known.has(name)) faults.push(new Fault(name.slice(0, 64), 'is not a field of this call'));
  return faults;
}

/** JSON may write one byte of a message as six (`\u0041`). */
const escapeFactor = 6;
/** Bytes for the other fields of the body. */
const headroom = 8_192;

/** Bytes of a body that holds one message. */
export const bodyBytes = (maxMessage: number): number => maxMessage * escapeFactor + headroom;

/** The JSON text to store. A string counts with its own UTF-8 bytes, anything else with its JSON text. */
export function encodeData(data: unknown, maxMessage: number): string | Problem {
  let text: string;
  try {
    text = JSON.stringify(data);
  } catch {
    // What JSON.parse gave can only fail by nesting deeper than the stack.
    return invalid(new Fault('data', 'is nested too deeply'));
  }
  const counted = typeof data === 'string' ? data : text;
  // A UTF-16 unit takes at most 3 bytes: most messages need no counting.
  if (counted.length * 3 > maxMessage && Buffer.byteLength(counted) > maxMessage)
    return tooLarge('data', maxMessage);
  return text;
}

function parseFields(
  app: App,
  user: User | Fault,
  fields: Fields,
  known: ReadonlySet<string>,
  maxMessage: number,
): Append | Problem {
  const event = parseEvent(fields.event);
  const ttl = parseTtl(fields.ttl);
  const idempotencyKey = parseIdempotencyKey(fields.idempotencyKey);
  const strangers = unknownFields(fields, known);
  if (
    isFault(user) ||
    isFault(event) ||
    isFault(ttl) ||
    isFault(idempotencyKey) ||
    fields.data === undefined ||
    strangers.length > 0
  ) {
    const missing = fields.data === undefined ? new Fault('data', 'is required') : undefined;
    const faults = [user, event, missing, ttl, idempotencyKey, ...strangers].filter(isFault);
    const [first = new Fault('body', 'is invalid'), ...others] = faults;
    return invalid(first, ...others.slice(0, 9));
  }
  const data = encodeData(fields.data, maxMessage);
  if (isProblem(data)) return data;
  return { app, user, event, data, ttl, idempotencyKey };
}

/** The body of a single send; app and user come from the path. */
export function parseMessage(
  app: App,
  user: User,
  body: unknown,
  maxMessage: number,
): Append | Problem {
  if (isProblem(body)) return body;
  if (!isObject(body)) return invalid(new Fault('body', 'must be a JSON object'));
  return parseFields(app, user, body, messageFields, maxMessage);
}

/** One item of a batch or one line of a stream. `known` adds the fields that only its carrier has. */
export function parseItem(
  app: App,
  item: unknown,
  maxMessage: number,
  known: ReadonlySet<string> = itemFields,
): Append | Problem {
  if (!isObject(item)) return invalid(new Fault('message', 'must be a JSON object'));
  return parseFields(app, parseUser(item.user), item, known, maxMessage);
}

/** Written by hand: all parts are numbers or of an alphabet that needs no escaping. */
export const appendedFields = ({ id, seq, sessions, queued }: Appended): string =>
  `"id":"${id}","seq":${seq},"sessions":${sessions},"queued":${queued}`;
