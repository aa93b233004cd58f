/** What a client tells its app. Plain types, so that the published declarations need no other package. */

/** A place in one user's inbox: everything up to `seq` of `epoch` has been handed to the app. */
export interface Position {
  readonly epoch: string;
  readonly seq: number;
}

/** A private message. The app sees each one once, in the order of `seq`. */
export interface Message<Data = unknown> {
  /** Counts 1, 2, 3 … per user within one epoch. */
  readonly seq: number;
  /** Unique over all users and epochs. */
  readonly id: string;
  /** The event name its sender gave; may be empty. */
  readonly event: string;
  /** Any JSON value, as its sender gave it. */
  readonly data: Data;
  /** Milliseconds since 1970, when the server accepted it. */
  readonly time: number;
  /** true: it waited in the inbox until this device came. */
  readonly queued: boolean;
}

export type State =
  /** A socket is being opened, or the key is being asked for. */
  | { readonly name: 'connecting' }
  /** Connected. When `authorized` is false the session is anonymous and gets no private messages. */
  | { readonly name: 'online'; readonly authorized: boolean; readonly session: string }
  /** Between two attempts. */
  | {
      readonly name: 'waiting';
      readonly reason: string;
      /** The close code, when there was a socket: 1006 is a lost connection. */
      readonly code?: number;
      /** Milliseconds until the next attempt; Infinity while the page lies in the back/forward cache. */
      readonly retryIn: number;
    }
  /** For good: `close()` was called, or the server said not to come back. */
  | { readonly name: 'closed'; readonly reason: string; readonly code?: number };

/** Messages may have been lost: they outlived the resume window or the inbox, or the server lost its data. */
export interface Missed {
  /** Up to where this client had seen everything; absent when it had seen nothing. */
  readonly before?: Position;
  /** What follows it is complete again. */
  readonly now: Position;
}

export interface ClientEvents {
  /** Every private message. */
  message: Message;
  state: State;
  missed: Missed;
  /** Whether the key was accepted: after the first answer, then on each change. */
  auth: boolean;
  /** Private messages with this event name. */
  [event: `message:${string}`]: Message;
}

/**
 * Runs within the task that brought the value. A handler that throws, or whose promise is rejected,
 * is reported and disturbs nobody else; a promise is not waited for.
 */
export type Handler<T> = (value: T) => unknown;
export type Unsubscribe = () => void;
