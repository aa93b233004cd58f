import type { WebSocketConstructor } from './web-socket.ts';

/** In place of `web-socket.ts` in the builds for browsers, which have no packages to look in. */
export const findWebSocket = async (given?: WebSocketConstructor): Promise<WebSocketConstructor> =>
  given ?? globalThis.WebSocket;
