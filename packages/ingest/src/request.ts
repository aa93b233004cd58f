import { IncomingMessage } from 'node:http';
import { isStreamUrl } from './routes/stream.ts';

/**
 * Node hands every request that offers an upgrade to whoever listens for upgrades. A server ignores an
 * offer that it does not know (RFC 9110, 7.8): Java's HTTP client offers h2c with each call. So this is
 * an upgrade only where a WebSocket opens; Node asks `upgrade` after it has set the method and the headers.
 */
export class Request extends IncomingMessage {
  // Declared only: the parent's constructor sets it by way of `upgrade`.
  declare private offered: boolean | null;

  get upgrade(): boolean {
    return this.offered === true && this.#wanted();
  }

  set upgrade(offered: boolean | null) {
    this.offered = offered;
  }

  #wanted(): boolean {
    // Not an offer, and refused by Node itself.
    if (this.method === 'CONNECT') return true;
    const { upgrade = '' } = this.headers;
    return this.method === 'GET' && /^websocket$/i.test(upgrade) && isStreamUrl(this.url ?? '');
  }
}
