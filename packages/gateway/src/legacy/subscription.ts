import { encodeTooMany, type Subscription } from '@encke/protocol';
import type { Channels } from '../channels.ts';
import type { Session } from '../session.ts';

/**
 * [L12] The full list of channels. Private messages go to every socket of a user, whatever it subscribed to. Resolves when
 * Redis has heard it, so that a peer which says ever new names is not read faster than that.
 */
export async function subscription(
  session: Session,
  command: Subscription,
  channels: Channels,
  old: boolean,
): Promise<undefined> {
  const heard = channels.replace(session, command.channels);
  if (command.tooMany) session.push(encodeTooMany(old));
  await heard;
  return undefined;
}
