import { encodeUserData, type UserQuery } from '@encke/protocol';
import type { Desk } from '../desk.ts';
import type { Session } from '../session.ts';

/** [V16] */
export async function userData(
  session: Session,
  { ref, user }: UserQuery,
  { cluster }: Desk,
): Promise<string> {
  return encodeUserData(ref, await cluster.data(session.app, user));
}
