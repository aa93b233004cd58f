import { type ChannelQuestion, encodeRefusal, maySubscribe } from '@encke/protocol';
import type { Desk } from '../desk.ts';
import { inTurn } from '../in-turn.ts';
import { notAllowed } from '../not-allowed.ts';
import type { Session } from '../session.ts';

/** [L17] A line for each message that the channel keeps. */
export async function pipeLog(
  session: Session,
  { channel }: ChannelQuestion,
  { channels }: Desk,
  old: boolean,
): Promise<string | undefined> {
  if (!maySubscribe(channel, session.admitted))
    return encodeRefusal(notAllowed.subscribe.text, old);
  return inTurn(session, async () => {
    const { messages } = await channels.reads.read(session.app, channel);
    for (const { data } of messages) session.allow(data.length);
    return messages.map((message) => session.wire.channel(channel, message, true));
  });
}
