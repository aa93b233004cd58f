/** A place in a sequence that Redis numbers: a user's inbox, or the history of a channel. */
import { Fault } from './rules.ts';

/** Everything up to `seq` of `epoch` has been seen. */
export interface Position {
  readonly epoch: string;
  readonly seq: number;
}

export const isSeq = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const epochPattern = /^[a-z0-9]{1,32}$/;

export const isEpoch = (value: unknown): value is string =>
  typeof value === 'string' && epochPattern.test(value);

export const epochRule = 'must be the epoch of an earlier frame';

/** `field` is what the position is called in the frame. */
export function parsePosition(value: unknown, field: string): Position | undefined | Fault {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object') return new Fault(field, 'must be an object');
  const { epoch, seq } = value as Record<string, unknown>;
  if (!isEpoch(epoch)) return new Fault(`${field}.epoch`, epochRule);
  if (!isSeq(seq)) return new Fault(`${field}.seq`, 'must be a whole number from 0');
  return { epoch, seq };
}
