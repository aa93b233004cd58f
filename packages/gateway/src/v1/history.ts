import { type ChannelQuery, encodeFrame, encodeHistory, maySubscribe } from '@encke/protocol';
import type { Desk } from '../desk.ts';
import type { Session } from '../session.ts';

/** [V16] */
export async function history(
  session: Session,
  { ref, channel }: ChannelQuery,
  { channels }: Desk,
): Promise<string> {
  if (!maySubscribe(channel, session.admitted)) {
    const message = '`channel` must be one that this socket may subscribe to';
    return encodeFrame({ type: 'refused', ref, code: 'not-allowed', message });
  }
  const { messages, position } = await channels.reads.read(session.app, channel);
  for (const { data } of messages) session.allow(data.length);
  return encodeHistory(ref, messages, position);
}
