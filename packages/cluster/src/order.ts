/** One command that was asked for, and how it gets to a connection. */
import { Command, type Redis } from 'ioredis';
import { type Argument, ScriptCall } from './script-call.ts';
import type { Script } from './scripts.ts';

/** Of a script with a deadline, which does nothing when that is over. */
export interface Guard {
  /** Its first argument, anew each time that it is sent. */
  deadline(): number;
  /** @returns whether it did nothing, and is to be sent again. */
  refused(reply: unknown): boolean;
}

/** What may be sent a second time: Redis did not know the script, or the script did nothing. */
export class Call {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly #args: readonly Argument[];
  readonly #guard: Guard | undefined;

  constructor(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    guard: Guard | undefined,
  ) {
    this.script = script;
    this.keys = keys;
    this.#args = args;
    this.#guard = guard;
  }

  args(): readonly Argument[] {
    if (!this.#guard) return this.#args;
    const deadline: Argument[] = [this.#guard.deadline()];
    return deadline.concat(this.#args);
  }

  refused(reply: unknown): boolean {
    return this.#guard?.refused(reply) ?? false;
  }

  make(): ScriptCall {
    return new ScriptCall(this.script, this.keys, this.args());
  }
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
  if (call) return call.make();
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
