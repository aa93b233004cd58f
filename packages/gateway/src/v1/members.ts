import { type ChannelQuery, channelKind, encodeFrame } from '@encke/protocol';
import type { Desk } from '../desk.ts';
import { inTurn } from '../in-turn.ts';
import { notAllowed } from '../not-allowed.ts';
import type { Session } from '../session.ts';
import { refused } from './refused.ts';

/** Characters of one in the answer, about. */
const MEMBER = 128;

/** [V16] What others may know of a socket: not its address or browser. */
export async function members(
  session: Session,
  { ref, channel }: ChannelQuery,
  { cluster }: Desk,
): Promise<string | undefined> {
  if (channelKind(channel) !== 'track') return refused(ref, notAllowed.members);
  return inTurn(session, async () => {
    const all = await cluster.channels.members(session.app, channel);
    session.allow(all.length * MEMBER);
    const people = all.map(({ user, device, session: id }) => ({ user, device, session: id }));
    return [encodeFrame({ type: 'members', ref, members: people })];
  });
}
