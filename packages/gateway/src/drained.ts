import type { Socket } from 'node:net';
import type { Session } from './session.ts';

/** One pair of listeners for all who wait for a socket: a resume of each of its channels may. */
const moves = new WeakMap<Socket, Promise<void>>();

/** Resolves when no more than `lowWater` bytes wait in the socket, or when it has ended. */
export async function drained(session: Session, lowWater: number): Promise<void> {
  const { socket } = session;
  while (!session.ended && !socket.destroyed && socket.writableLength > lowWater)
    await moved(socket);
}

/** The socket has emptied, or is closed. */
function moved(socket: Socket): Promise<void> {
  const known = moves.get(socket);
  if (known !== undefined) return known;
  const move = new Promise<void>((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      moves.delete(socket);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
  moves.set(socket, move);
  return move;
}
