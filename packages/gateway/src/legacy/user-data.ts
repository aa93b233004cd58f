import { encodeLegacyUserData, type UserDataQuestion } from '@encke/protocol';
import type { Desk } from '../desk.ts';
import type { Session } from '../session.ts';

/** [L20] */
export async function userData(
  session: Session,
  { user, marker }: UserDataQuestion,
  { cluster }: Desk,
  old: boolean,
): Promise<string> {
  return encodeLegacyUserData(marker, user, await cluster.data(session.app, user), old);
}
