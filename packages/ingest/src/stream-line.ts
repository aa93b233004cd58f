import type { Append } from '@encke/cluster';
import { type App, Fault } from '@encke/protocol';
import { isObject, parseItem } from './message.ts';
import { invalid, Problem } from './problem.ts';

const refLength = 64;
const lineFields = new Set(['ref', 'user', 'event', 'data', 'ttl', 'idempotencyKey']);

export interface Line {
  /** The sender's `ref` as JSON text, `null` when the line has none that can be used. */
  readonly ref: string;
  readonly message: Append | Problem;
}

const refRule = new Fault('ref', `must be a number or a string of at most ${refLength} characters`);

function refText(ref: unknown): string | undefined {
  if (typeof ref === 'number') return Number.isFinite(ref) ? String(ref) : undefined;
  if (typeof ref === 'string' && ref.length <= refLength) return JSON.stringify(ref);
  return undefined;
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
  if (ref === undefined) return { ref: 'null', message: invalid(refRule) };
  if (line.channel !== undefined)
    return {
      ref,
      message: new Problem(400, 'channels are not in this version', { field: 'channel' }),
    };
  return { ref, message: parseItem(app, line, maxMessage, lineFields) };
}
