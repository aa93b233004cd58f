/** What a subcommand is, and how its arguments are read. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Env } from './api-key.ts';

export interface Invocation {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly env: Env;
  /** The file a child process is forked from. */
  readonly entry: string;
  /** The result, on stdout. */
  say(text: string): void;
  /** What a person should know besides, on stderr. */
  note(text: string): void;
}

export interface Command {
  /** What follows `encke`. */
  readonly usage: string;
  readonly summary: string;
  readonly help: string;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** How many arguments it takes, at least and at most. */
  readonly arity: readonly [number, number];
  /** An operator verb, though it takes no argument. */
  readonly verb?: true;
  /** Missing in the list of commands: called by `encke up` only. */
  readonly hidden?: true;
  /** Resolves with the exit code, or undefined when a process was started that goes on. */
  run(invocation: Invocation): Promise<number | undefined>;
}

/** The caller's mistake; the message says what to write instead. */
export class UsageError extends Error {}

export function parse(command: Command, argv: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { ...command.options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    const [least, most] = command.arity;
    if (!values.help && positionals.length < least) throw new UsageError('an argument is missing');
    if (positionals.length > most)
      throw new UsageError(`too many arguments: \`${positionals[most]}\``);
    return { options: values as Invocation['options'], args: positionals };
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS'))
      throw new UsageError((error as Error).message);
    throw error;
  }
}

/** An option that is a text, or undefined when it was not given. */
export const option = (invocation: Invocation, name: string): string | undefined => {
  const value = invocation.options[name];
  return typeof value === 'string' ? value : undefined;
};

export function wholeOption(
  invocation: Invocation,
  name: string,
  [from, to, fallback]: readonly [number, number, number],
): number {
  const text = option(invocation, name);
  if (text === undefined) return fallback;
  if (/^\d{1,9}$/.test(text) && Number(text) >= from && Number(text) <= to) return Number(text);
  throw new UsageError(`--${name} must be a whole number from ${from} to ${to}`);
}
