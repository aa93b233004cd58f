/** What the handlers of commands need of their gateway. */
import { type Cluster, RedisUnavailable } from '@encke/cluster';
import type { Channels } from './channels.ts';
import type { Session } from './session.ts';

export interface Desk {
  readonly cluster: Cluster;
  readonly channels: Channels;
  /** Bytes of a message. */
  readonly maxMessage: number;
  fault(error: unknown, session: Session): void;
}

/**
 * Writes the line that `work` resolves with. While Redis is away `refuse` says so, and the socket stays; a bug ends the
 * session.
 */
export async function answer(
  session: Session,
  desk: Desk,
  work: Promise<string | undefined>,
  refuse: (text: string) => string,
): Promise<void> {
  session.asks();
  try {
    const line = await work;
    if (line !== undefined && !session.ended) session.push(line);
  } catch (error) {
    if (!(error instanceof RedisUnavailable)) desk.fault(error, session);
    else if (!session.ended) session.push(refuse(unavailable[error.stored]));
  } finally {
    session.answered();
  }
}

const unavailable = {
  no: 'temporarily unavailable: nothing was done',
  unknown: 'temporarily unavailable: nobody knows whether it was done',
} as const;
