import { IncomingMessage } from 'node:http';

const websocket = /^websocket$/i;

/**
 * The requests of an HTTP server on which WebSockets open, for its option `IncomingMessage`. Node hands every
 * request that offers an upgrade to whoever listens for upgrades. A server ignores an offer that it does not
 * know (RFC 9110, 7.8): Java's HTTP client offers h2c with each call.
 *
 * @param opens whether a WebSocket may open with this request; without it the offer is ignored.
 */
export function webSocketRequest(
  opens: (request: IncomingMessage) => boolean,
): typeof IncomingMessage {
  return class Request extends IncomingMessage {
    // Declared only: the parent's constructor sets it by way of `upgrade`.
    declare offered: boolean | null;

    /** Node asks when it has set the method and the headers. CONNECT is no offer; Node refuses it itself. */
    get upgrade(): boolean {
      if (this.offered !== true) return false;
      if (this.method === 'CONNECT') return true;
      return websocket.test(this.headers.upgrade ?? '') && opens(this);
    }

    set upgrade(offered: boolean | null) {
      this.offered = offered;
    }
  };
}
