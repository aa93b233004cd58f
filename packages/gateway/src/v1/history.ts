import { type ChannelQuery, encodeHistory, maySubscribe } from '@encke/protocol';
import type { Desk } from '../desk.ts';
import { inTurn } from '../in-turn.ts';
import { notAllowed } from '../not-allowed.ts';
import type { Session } from '../session.ts';
import { refused } from './refused.ts';

/** [V16] */
export async function history(
  session: Session,
  { ref, channel }: ChannelQuery,
  { channels }: Desk,
): Promise<string | undefined> {
  if (!maySubscribe(channel, session.admitted)) return refused(ref, notAllowed.subscribe);
  return inTurn(session, async () => {
    const { messages, position } = await channels.reads.read(session.app, channel);
    for (const { data } of messages) session.allow(data.length);
    return [encodeHistory(ref, messages, position)];
  });
}
