import { encodeTooMany } from '@encke/protocol';
import type { Session } from '../session.ts';

/** [L12] The list of channels. Private messages go to every socket of a user, whatever it subscribed to. */
export function subscription(session: Session, tooMany: boolean, old: boolean): void {
  if (tooMany) session.push(encodeTooMany(old));
}
