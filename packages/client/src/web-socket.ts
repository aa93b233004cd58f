/** The part of the WebSocket API that is used: the browser's own has it, and so has the package `ws`. */
export interface WebSocketLike {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(
    type: 'close',
    listener: (event: { code: number; reason: string }) => void,
  ): void;
}

export type WebSocketConstructor = new (url: string, protocol: string) => WebSocketLike;

/** Throws when there is none: Node.js before 22 has none of its own. */
export async function findWebSocket(given?: WebSocketConstructor): Promise<WebSocketConstructor> {
  const own = given ?? globalThis.WebSocket;
  if (own) return own;
  try {
    // A variable, so that a bundler for browsers does not look for the package.
    const name = 'ws';
    const found: { WebSocket: WebSocketConstructor } = await import(
      /* webpackIgnore: true */ /* @vite-ignore */ name
    );
    return found.WebSocket;
  } catch (cause) {
    throw new Error(
      'This Node.js has no WebSocket: run `npm install ws`, or pass the option `WebSocket`.',
      { cause },
    );
  }
}
