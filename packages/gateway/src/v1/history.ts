import { type ChannelQuery, encodeFrame, encodeHistory, maySubscribe } from '@encke/protocol';
import type { Desk } from '../desk.ts';
import { inTurn } from '../in-turn.ts';
import type { Session } from '../session.ts';

/** [V16] */
export async function history(
  session: Session,
  { ref, channel }: ChannelQuery,
  { channels }: Desk,
): Promise<string | undefined> {
  if (!maySubscribe(channel, session.admitted)) {
    const message = '`channel` must be one that this socket may subscribe to';
    return encodeFrame({ type: 'refused', ref, code: 'not-allowed', message });
  }
  return inTurn(session, async () => {
    const { messages, position } = await channels.reads.read(session.app, channel);
    for (const { data } of messages) session.allow(data.length);
    return [encodeHistory(ref, messages, position)];
  });
}
