import { encodeFrame, type UserQuery } from '@encke/protocol';
import type { Desk } from '../desk.ts';
import type { Session } from '../session.ts';

/** [V16] */
export async function userStatus(
  session: Session,
  { ref, user }: UserQuery,
  { cluster }: Desk,
): Promise<string> {
  const { last, now } = await cluster.lastOnline(session.app, user);
  const online = last === 0;
  const lastSeen = online ? now : last;
  return encodeFrame({ type: 'user-status', ref, online, lastSeen });
}
