import { encodeFrame, limits, maySubscribe, type Subscribe } from '@encke/protocol';
import type { Channels } from '../channels.ts';
import { notAllowed } from '../not-allowed.ts';
import type { Session } from '../session.ts';

/** [V13] The answer is written by whoever makes the session live. */
export async function subscribe(
  session: Session,
  { channel, position }: Subscribe,
  channels: Channels,
): Promise<string | undefined> {
  const refuse = (message: string): string =>
    encodeFrame({ type: 'refused', channel, code: 'not-allowed', message });
  if (!maySubscribe(channel, session.admitted)) return refuse(notAllowed.subscribe.text);
  if (!channels.has(session, channel) && (session.channels?.size ?? 0) >= limits.channels)
    return refuse(`\`channel\` must not be one more than ${limits.channels}`);
  await channels.subscribe(session, channel, position);
  return undefined;
}
