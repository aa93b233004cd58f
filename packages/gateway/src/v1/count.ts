import { type ChannelQuery, encodeFrame, mayCount } from '@encke/protocol';
import type { Desk } from '../desk.ts';
import { notAllowed } from '../not-allowed.ts';
import type { Session } from '../session.ts';
import { refused } from './refused.ts';

/** [V16] */
export async function count(
  session: Session,
  { ref, channel }: ChannelQuery,
  { cluster }: Desk,
): Promise<string> {
  if (!mayCount(channel)) return refused(ref, notAllowed.count);
  const subscribers = await cluster.channels.count(session.app, channel);
  return encodeFrame({ type: 'count', ref, subscribers });
}
