/** The values of COM_STMT_EXECUTE, each in the binary form of its type. */
import type { Parameter } from '../caller.ts';
import { type } from './constants.ts';
import { type Fields, Malformed } from './fields.ts';

export interface ParameterType {
  readonly type: number;
  readonly unsigned: boolean;
}

const two = (n: number): string => String(n).padStart(2, '0');

function clock(hours: number, fields: Fields, length: number, full: number): string {
  const time = `${two(hours)}:${two(fields.uint(1))}:${two(fields.uint(1))}`;
  return length === full ? `${time}.${String(fields.uint(4)).padStart(6, '0')}` : time;
}

function dateTime(fields: Fields): string {
  const length = fields.uint(1);
  if (length === 0) return '0000-00-00 00:00:00';
  if (length !== 4 && length !== 7 && length !== 11) throw new Malformed();
  const year = String(fields.uint(2)).padStart(4, '0');
  const date = `${year}-${two(fields.uint(1))}-${two(fields.uint(1))}`;
  return length === 4 ? date : `${date} ${clock(fields.uint(1), fields, length, 11)}`;
}

function time(fields: Fields): string {
  const length = fields.uint(1);
  if (length === 0) return '00:00:00';
  if (length !== 8 && length !== 12) throw new Malformed();
  const sign = fields.uint(1) === 0 ? '' : '-';
  const days = fields.uint(4);
  return sign + clock(days * 24 + fields.uint(1), fields, length, 12);
}

/** Numbers as numbers, everything else as its text. `text` reads bytes in the client's character set. */
function value(
  fields: Fields,
  { type: kind, unsigned }: ParameterType,
  text: (bytes: Buffer) => string,
): Parameter {
  const whole = (bytes: number) => (unsigned ? fields.uint(bytes) : fields.int(bytes));
  switch (kind) {
    case type.null:
      return null;
    case type.tiny:
      return whole(1);
    case type.short:
    case type.year:
      return whole(2);
    case type.long:
    case type.int24:
      return whole(4);
    case type.longlong:
      return unsigned ? fields.uint64() : fields.int64();
    case type.float:
      return fields.float();
    case type.double:
      return fields.double();
    case type.date:
    case type.datetime:
    case type.timestamp:
      return dateTime(fields);
    case type.time:
      return time(fields);
    default:
      // Text, blobs, decimals, JSON and the like.
      return text(fields.counted());
  }
}

export interface Binding {
  /** How many the statement has. */
  readonly count: number;
  /** Of an earlier execution: a client sends the types again only when they change. */
  readonly types: readonly ParameterType[] | undefined;
  /** Values sent ahead in pieces, by the number of their parameter. */
  readonly sentAhead: ReadonlyMap<number, Buffer>;
  readonly text: (bytes: Buffer) => string;
}

export interface Bound {
  readonly types: readonly ParameterType[];
  readonly values: readonly Parameter[];
}

function readTypes(fields: Fields, count: number): ParameterType[] {
  return Array.from({ length: count }, () => ({
    type: fields.uint(1),
    unsigned: (fields.uint(1) & 0x80) !== 0,
  }));
}

/** @throws Malformed when the packet does not hold what it should. */
export function readParameters(fields: Fields, binding: Binding): Bound {
  const { count, sentAhead, text } = binding;
  if (count === 0) return { types: [], values: [] };
  const nulls = fields.bytes((count + 7) >> 3);
  const types = fields.uint(1) === 1 ? readTypes(fields, count) : binding.types;
  if (types?.length !== count) throw new Malformed();
  const values = types.map((kind, i): Parameter => {
    const ahead = sentAhead.get(i);
    if (ahead !== undefined) return text(ahead);
    if (((nulls[i >> 3] ?? 0) >> (i & 7)) & 1) return null;
    return value(fields, kind, text);
  });
  return { types, values };
}
