import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Connections that have not finished their TLS handshake are not yet known to the HTTP server, which does not end them when
 * it closes, but waits for them: whoever connects and says nothing would hold up every stop.
 *
 * @returns what ends those there are, and every new one.
 */
export function trackHandshakes(server: Server): () => void {
  const open = new Map<string, Socket>();
  let over = false;
  // The encrypted socket is another object than the plain one under it.
  const peer = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;
  server.on('connection', (socket: Socket) => {
    if (over) {
      socket.destroy();
      return;
    }
    const name = peer(socket);
    open.set(name, socket);
    socket.once('close', () => {
      if (open.get(name) === socket) open.delete(name);
    });
  });
  server.on('secureConnection', (socket: Socket) => {
    open.delete(peer(socket));
  });
  return () => {
    over = true;
    for (const socket of open.values()) socket.destroy();
  };
}
