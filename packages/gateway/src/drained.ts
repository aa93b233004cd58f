import type { Session } from './session.ts';

/** Resolves when no more than `lowWater` bytes wait in the socket, or when it has ended. */
export async function drained(session: Session, lowWater: number): Promise<void> {
  const { socket } = session;
  while (!session.ended && !socket.destroyed && socket.writableLength > lowWater) {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        socket.off('drain', done);
        socket.off('close', done);
        resolve();
      };
      socket.on('drain', done);
      socket.on('close', done);
    });
  }
}
