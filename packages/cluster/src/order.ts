/** One command that was asked for, and how it gets to a connection. */
import { Command, type Redis } from 'ioredis';
import { type Argument, ScriptCall } from './script-call.ts';
import type { Script } from './scripts.ts';

/** A script with what it is given. */
interface Call {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly args: readonly Argument[];
}

export interface Order {
  readonly slot: number;
  /** A script, else `words`. */
  readonly call: Call | undefined;
  readonly words: readonly Argument[];
  /** How often Redis sent it back. */
  returns: number;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: Error) => void;
}

export function commandOf({ call, words }: Order): Command {
  if (call) return new ScriptCall(call.script, call.keys, call.args);
  const [name = '', ...args] = words;
  return new Command(String(name), args, { replyEncoding: 'utf8' });
}

/**
 * Sends commands in one write. Not by the client's own pipeline: making one copies some seven hundred functions, which
 * cost as much to collect as all the rest.
 */
export function sendTogether(
  redis: Redis,
  commands: readonly Command[],
): Promise<PromiseSettledResult<unknown>[]> {
  const { stream } = redis;
  stream?.cork();
  try {
    return Promise.allSettled(commands.map((command) => redis.sendCommand(command)));
  } finally {
    stream?.uncork();
  }
}
