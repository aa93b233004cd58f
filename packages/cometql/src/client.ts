/** What a command knows of the client that sent it, and of the process. */
import type { SecureContext } from 'node:tls';
import type { Doors } from './authentication/login.ts';
import type { Caller, Parameter } from './caller.ts';
import type { Failures } from './failures.ts';
import type { Language } from './language.ts';
import { type Outcome, SqlFault } from './outcome.ts';
import type { PreparedStatements } from './prepared-statements.ts';
import type { Observe } from './statement-metrics.ts';
import { decode, type Encoding } from './wire/charset.ts';
import { ownFault } from './wire/faults.ts';

/** Milliseconds. */
export interface Patience {
  /** To log in, from the first byte to the last. */
  readonly login: number;
  /** For a peer that has begun a packet, or that has answers to read, to do something. */
  readonly stalled: number;
  /** Between two commands, as MySQL's `wait_timeout`. */
  readonly idle: number;
}

/** What all connections of a process share. */
export interface House {
  readonly language: Language;
  readonly doors: Doors;
  readonly failures: Failures;
  readonly observe: Observe;
  /** How often clients came in, by how that ended. */
  readonly logins: Record<'granted' | 'denied' | 'malformed' | 'late', number>;
  readonly patience: Patience;
  readonly secureContext: SecureContext | undefined;
  /** What a caller is, but for what one client says of itself. */
  readonly surroundings: Pick<Caller, 'cluster' | 'config' | 'connections'>;
}

/** A client that has logged in. */
export interface Client {
  readonly house: House;
  readonly caller: Caller;
  readonly statements: PreparedStatements;
  capabilities: number;
  encoding: Encoding;
  /** As it was given when logging in. */
  readonly firstEncoding: Encoding;
}

/** The bytes of a statement or value as text; undefined when they are none. */
export const textOf = (client: Client, bytes: Buffer): string | undefined =>
  decode(bytes, client.encoding);

/** Carries a statement out and counts it. Never rejects: whatever happens is an outcome. */
export async function outcomeOf(
  { house, caller }: Client,
  statement: string,
  parameters: readonly Parameter[] = [],
): Promise<Outcome> {
  const started = performance.now();
  let outcome: Outcome;
  try {
    outcome = await house.language.execute(caller, statement, parameters);
  } catch (error) {
    house.failures.fault(error, { app: caller.app, connection: caller.connection });
    outcome = ownFault;
  }
  if (outcome instanceof SqlFault && outcome.errno === 1205) house.failures.outage(outcome.why);
  house.observe(statement, outcome, (performance.now() - started) / 1_000);
  return outcome;
}
