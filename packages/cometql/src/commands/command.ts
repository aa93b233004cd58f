import type { Client } from '../client.ts';
import type { Work } from '../pipeline.ts';
import type { Fields } from '../wire/fields.ts';

/** A command as it arrived; `fields` are what follows its first byte. */
export interface Arrival {
  readonly client: Client;
  readonly fields: Fields;
  /** Of the first packet of the answer. */
  readonly sequence: number;
}

/** Runs when the command arrives, before those ahead of it have ended. What has effects waits for its turn. */
export type Command = (arrival: Arrival) => Work;

/** The work of a command that has no answer. */
export const nothing: Work = Buffer.alloc(0);
