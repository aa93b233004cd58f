import { type ChannelQuestion, encodeLegacyCount, encodeRefusal, mayCount } from '@encke/protocol';
import type { Desk } from '../desk.ts';
import { notAllowed } from '../not-allowed.ts';
import type { Session } from '../session.ts';

/** [L18] */
export async function pipeCount(
  session: Session,
  { channel, marker }: ChannelQuestion,
  { cluster }: Desk,
  old: boolean,
): Promise<string> {
  if (!mayCount(channel)) return encodeRefusal(notAllowed.count.text, old);
  return encodeLegacyCount(marker, await cluster.channels.count(session.app, channel), old);
}
