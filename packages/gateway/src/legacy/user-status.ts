import { encodeLegacyUserStatus, type UserStatusQuestion } from '@encke/protocol';
import type { Desk } from '../desk.ts';
import type { Session } from '../session.ts';

/** [L21] Seconds since the user was last online. */
export async function userStatus(
  session: Session,
  { user }: UserStatusQuestion,
  { cluster }: Desk,
  old: boolean,
): Promise<string> {
  const { last, now } = await cluster.lastOnline(session.app, user);
  // 0 would mean that the user is online.
  const ago = last === null ? -1 : last === 0 ? 0 : Math.max(1, now - last);
  return encodeLegacyUserStatus(user, ago, old);
}
