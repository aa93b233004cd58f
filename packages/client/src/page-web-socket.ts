import type { WebSocketConstructor } from './web-socket.ts';

/** In place of `web-socket.ts` in the builds for browsers, which have no packages to look in. */
export const findWebSocket = (given?: WebSocketConstructor): WebSocketConstructor =>
  given ?? globalThis.WebSocket;
