import { type ChannelQuery, encodeFrame, mayCount } from '@encke/protocol';
import type { Desk } from '../desk.ts';
import type { Session } from '../session.ts';

/** [V16] */
export async function count(
  session: Session,
  { ref, channel }: ChannelQuery,
  { cluster }: Desk,
): Promise<string> {
  if (!mayCount(channel)) {
    const message = '`channel` must begin with web_ or track_';
    return encodeFrame({ type: 'refused', ref, code: 'not-allowed', message });
  }
  const subscribers = await cluster.channels.count(session.app, channel);
  return encodeFrame({ type: 'count', ref, subscribers });
}
