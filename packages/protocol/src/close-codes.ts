/**
 * Every way a v1 socket is ended. 40xx: come back, with backoff. 41xx: do not come back.
 * The old wire has no such codes: it is moved by dropping the TCP connection and ended by a clean close.
 */
export const closeCodes = {
  /** The node is going away; the going-away frame before it says when to come back. */
  drain: { code: 4000, reconnect: true, reason: 'node is going away' },
  /** No hello within 10 seconds. */
  helloTimeout: { code: 4001, reconnect: true, reason: 'no hello in time' },
  /** The hash was deleted, or the token revoked: ask for a fresh key, then come back. */
  signedOut: { code: 4002, reconnect: true, reason: 'credentials revoked' },
  /** The application server asked this user's devices to reconnect. */
  moved: { code: 4003, reconnect: true, reason: 'asked to reconnect' },
  /** The send buffer was full: come back and resume from the cursor. */
  slow: { code: 4004, reconnect: true, reason: 'reads too slowly' },
  /** No pong within the pong timeout. */
  silent: { code: 4005, reconnect: true, reason: 'no pong in time' },
  /** Redis is away, so the hello could not be answered. */
  unavailable: { code: 4006, reconnect: true, reason: 'temporarily unavailable' },
  /** The token this session lives on has expired: ask for a fresh one, then come back. */
  refresh: { code: 4007, reconnect: true, reason: 'token expired' },
  /** A fault of this server. */
  internal: { code: 1011, reconnect: true, reason: 'internal error' },
  /** A frame broke a rule; the error frame before it says which. */
  badFrame: { code: 4100, reconnect: false, reason: 'bad frame' },
  /** A newer device took the place of this one. */
  replaced: {
    code: 4101,
    reconnect: false,
    reason: 'device limit: a newer device took this place',
  },
  /** The application server asked this user's devices to leave. */
  disconnected: { code: 4102, reconnect: false, reason: 'disconnected by the application' },
  /** Text that is not UTF-8. */
  notUtf8: { code: 1007, reconnect: false, reason: 'text is not UTF-8' },
  /** A frame over the limit. */
  tooBig: { code: 1009, reconnect: false, reason: 'frame too big' },
} as const;

export type CloseName = keyof typeof closeCodes;

/** [C1] Unknown codes and unclean closes (1006) mean: come back. 1000 and 41xx mean: stay away. */
export function mayReconnect(code: number): boolean {
  // By itself and not from the table above, which a page would have to load for it.
  return code !== 1000 && code !== 1007 && code !== 1009 && !(code >= 4100 && code < 4200);
}
