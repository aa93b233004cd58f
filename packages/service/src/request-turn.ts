import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Of each connection: when its last answer so far has been taken. */
const turns = new WeakMap<Socket, Promise<void>>();

/**
 * Node begins all requests of one segment at once, and keeps the answers until those before them have been taken: 64 KB
 * that ask for a page again and again would hold 1,600 copies of it, or open files, for as long as the peer reads nothing.
 *
 * @returns when the answers before this one have been taken; false: the peer is gone, and nobody waits for an answer.
 */
export async function requestTurn(
  { socket }: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const before = turns.get(socket);
  let over = (): void => {};
  turns.set(
    socket,
    new Promise((resolve) => {
      over = resolve;
    }),
  );
  response.once('close', over);
  await before;
  if (!socket.destroyed) return true;
  // Of an answer that never had its turn Node does not say that it is closed.
  over();
  return false;
}
