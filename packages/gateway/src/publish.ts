/** [N4] Publishing by browsers, the same on both wires. */
import type { Published } from '@encke/cluster';
import { type Channel, Fault, mayPublish } from '@encke/protocol';
import type { Desk } from './desk.ts';
import { notAllowed } from './not-allowed.ts';
import type { Session } from './session.ts';

export interface BrowserMessage {
  readonly channel: Channel;
  readonly event: string;
  /** JSON text. */
  readonly data: string;
  /** What counts against the limit. */
  readonly counted: string;
  readonly hidden: boolean;
}

/** @returns `notAllowed.publish` when no browser may, or not this one. @throws RedisUnavailable */
export async function publish(
  session: Session,
  message: BrowserMessage,
  { cluster, maxMessage }: Desk,
): Promise<Published | Fault> {
  const { channel, event, data, counted, hidden } = message;
  if (!mayPublish(channel, session.admitted)) return notAllowed.publish;
  if (Buffer.byteLength(counted) > maxMessage)
    return new Fault('data', `must be at most ${maxMessage} bytes`);
  const user = session.admitted && !hidden ? session.user : 0;
  const { app, id } = session;
  return cluster.channels.publish({ app, channel, event, data, from: { session: id, user } });
}
