import {
  type ChannelQuestion,
  channelKind,
  encodeLegacyMembers,
  encodeRefusal,
} from '@encke/protocol';
import type { Desk } from '../desk.ts';
import { inTurn } from '../in-turn.ts';
import { notAllowed } from '../not-allowed.ts';
import type { Session } from '../session.ts';

/** [L19] */
export async function trackPipeUsers(
  session: Session,
  { channel, marker }: ChannelQuestion,
  { cluster }: Desk,
  old: boolean,
): Promise<string | undefined> {
  if (channelKind(channel) !== 'track') return encodeRefusal(notAllowed.members.text, old);
  return inTurn(session, async () => {
    const members = await cluster.channels.members(session.app, channel);
    session.allow(members.length * MEMBER);
    return [encodeLegacyMembers(marker, members, old)];
  });
}

/** Characters of one in the answer, about. */
const MEMBER = 64;
