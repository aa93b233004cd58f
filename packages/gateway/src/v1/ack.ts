import { type Ack, Fault } from '@encke/protocol';
import type { Session } from '../session.ts';

const ahead = new Fault('seq', 'must not be ahead of the last message sent');

/** [V6] Confirms all messages up to `seq`. */
export function ack(
  session: Session,
  frame: Ack,
  refuse: (session: Session, fault: Fault) => void,
): void {
  if (frame.seq > session.sent) refuse(session, ahead);
  else session.confirm(frame.seq);
}
