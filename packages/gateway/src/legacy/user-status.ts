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
  const last = await cluster.lastOnline(session.app, user);
  return encodeLegacyUserStatus(
    user,
    last === null ? -1 : last === 0 ? 0 : secondsSince(last),
    old,
  );
}

/** 0 would mean that the user is online. */
const secondsSince = (last: number): number => Math.max(1, Math.floor(Date.now() / 1000) - last);
