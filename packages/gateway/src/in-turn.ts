/**
 * Answers that may go beyond the send buffer, one at a time for each socket: the next is read when the socket has taken
 * the one before. So a peer that asks and asks and does not read costs no more than one of them. [N12]
 */
import { drained } from './drained.ts';
import type { Session } from './session.ts';

const turns = new WeakMap<Session, Promise<void>>();

/** Writes the lines that `make` resolves with. @throws what `make` throws */
export async function inTurn(
  session: Session,
  make: () => Promise<readonly string[]>,
): Promise<undefined> {
  const turn = take(session, turns.get(session), make);
  turns.set(
    session,
    turn.catch(() => {}),
  );
  await turn;
  return undefined;
}

async function take(
  session: Session,
  before: Promise<void> | undefined,
  make: () => Promise<readonly string[]>,
): Promise<void> {
  await before;
  await drained(session, session.socket.writableHighWaterMark);
  if (session.ended) return;
  for (const line of await make()) session.push(line);
  session.flush();
}
