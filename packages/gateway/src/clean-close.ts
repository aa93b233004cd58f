import type { WebSocket } from 'ws';
import type { Session } from './session.ts';

/** Milliseconds until a peer that does not answer our close frame is dropped. */
const CLOSE_TIMEOUT = 2_000;

/** Writes what has gathered, then a close frame; drops the connection when the peer does not answer it. */
export function closeCleanly(session: Session, code: number, reason?: string): void {
  session.flush();
  closeSocket(session.ws, code, reason);
}

/** The same for a socket that has no session. */
export function closeSocket(ws: WebSocket, code: number, reason?: string): void {
  ws.close(code, reason);
  setTimeout(() => ws.terminate(), CLOSE_TIMEOUT).unref();
}
