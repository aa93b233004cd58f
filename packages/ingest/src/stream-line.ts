import type { Append, Publish } from '@encke/cluster';
import { type App, Fault, isFault, limits } from '@encke/protocol';
import { isObject, parseItem } from './message.ts';
import { invalid, type Problem } from './problem.ts';
import { parsePublishLine } from './publish.ts';

const { refLength } = limits;
const messageFields = new Set(['ref', 'user', 'event', 'data', 'ttl', 'idempotencyKey']);
const publishFields = new Set(['ref', 'channel', 'event', 'data']);

export interface Line {
  /** The sender's `ref` as JSON text, `null` when the line has none that can be used. */
  readonly ref: string;
  /** To a channel when it names one, else to a user. */
  readonly message: Append | Publish | Problem;
}

const refRule = new Fault('ref', `must be a number or a string of at most ${refLength} characters`);

const largest = Number.MAX_SAFE_INTEGER;
/** A larger integer may be another one after parsing: its answer could not be told from that one's. */
const exactRule = new Fault('ref', `must be a number from -${largest} to ${largest}, or a string`);

function refText(ref: unknown): string | Fault {
  if (typeof ref === 'string' && ref.length <= refLength) return JSON.stringify(ref);
  if (typeof ref !== 'number' || !Number.isFinite(ref)) return refRule;
  return Math.abs(ref) > largest ? exactRule : String(ref);
}

/** One line of a stream; what is wrong with it is an answer to that line, never the end of the stream. */
export function parseLine(app: App, text: string, maxMessage: number): Line {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return { ref: 'null', message: invalid(new Fault('line', 'must be valid JSON')) };
  }
  if (!isObject(line))
    return { ref: 'null', message: invalid(new Fault('line', 'must be a JSON object')) };
  const ref = refText(line.ref);
  if (isFault(ref)) return { ref: 'null', message: invalid(ref) };
  const message =
    line.channel === undefined
      ? parseItem(app, line, maxMessage, messageFields)
      : parsePublishLine(app, line, maxMessage, publishFields);
  return { ref, message };
}
