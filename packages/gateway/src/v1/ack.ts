import { type Ack, Fault } from '@encke/protocol';
import type { Session } from '../session.ts';

const ahead = new Fault('seq', 'must not be ahead of the last message sent');

/**
 * [V6] Confirms all messages up to `seq`. One that was on its way when the epoch changed says nothing about the new one.
 */
export function ack(
  session: Session,
  frame: Ack,
  refuse: (session: Session, fault: Fault) => void,
): void {
  if (frame.epoch !== undefined && frame.epoch !== session.epoch) return;
  if (frame.seq > session.sent) {
    // Without an epoch it cannot be told from a bad one, so it is passed over.
    if (frame.epoch === undefined && session.moved) return;
    refuse(session, ahead);
  } else session.confirm(frame.seq);
}
