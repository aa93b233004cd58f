import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Connections that have not finished their TLS handshake are not yet known to the HTTP server, which does not end them when
 * it closes, but waits for them: whoever connects and says nothing would hold up every stop.
 *
 * @returns what ends those there are, and every new one.
 */
export function trackHandshakes(server: Server): () => void {
  const open = new Map<string, { readonly socket: Socket; readonly forget: () => void }>();
  let over = false;
  // The encrypted socket is another object than the plain one under it.
  const peer = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;
  server.on('connection', (socket: Socket) => {
    if (over) {
      socket.destroy();
      return;
    }
    const name = peer(socket);
    const forget = () => {
      if (open.get(name)?.socket === socket) open.delete(name);
      // Nothing of this stays with a connection that is served.
      socket.off('close', forget);
    };
    open.set(name, { socket, forget });
    socket.on('close', forget);
  });
  server.on('secureConnection', (socket: Socket) => open.get(peer(socket))?.forget());
  return () => {
    over = true;
    for (const { socket } of open.values()) socket.destroy();
  };
}
