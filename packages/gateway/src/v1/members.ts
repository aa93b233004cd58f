import { type ChannelQuery, channelKind, encodeFrame } from '@encke/protocol';
import type { Desk } from '../desk.ts';
import { inTurn } from '../in-turn.ts';
import type { Session } from '../session.ts';

/** Characters of one in the answer, about. */
const MEMBER = 128;

/** [V16] What others may know of a socket: not its address or browser. */
export async function members(
  session: Session,
  { ref, channel }: ChannelQuery,
  { cluster }: Desk,
): Promise<string | undefined> {
  if (channelKind(channel) !== 'track') {
    const message = '`channel` must begin with track_';
    return encodeFrame({ type: 'refused', ref, code: 'not-allowed', message });
  }
  return inTurn(session, async () => {
    const all = await cluster.channels.members(session.app, channel);
    session.allow(all.length * MEMBER);
    const people = all.map(({ user, device, session: id }) => ({ user, device, session: id }));
    return [encodeFrame({ type: 'members', ref, members: people })];
  });
}
