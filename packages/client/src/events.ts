/** What a client tells its app. Plain types, so that the published declarations need no other package. */

import type { EnckeError } from './errors.ts';

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
      /** Milliseconds until the next attempt; Infinity while the page is frozen. */
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

/** A message of a channel. */
export interface ChannelMessage<Data = unknown> {
  readonly channel: string;
  /** Unique over all channels and times. */
  readonly id: string;
  readonly event: string;
  readonly data: Data;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Only when a browser published it: who, or 0 for an anonymous or hidden sender. */
  readonly user?: number;
  /** true: it was read from what the channel keeps. */
  readonly history: boolean;
}

/** A connection that is subscribed to a channel. */
export interface Member {
  /** 0: anonymous. */
  readonly user: number;
  readonly device: string;
  readonly session: string;
}

export interface UserStatus {
  readonly user: number;
  readonly online: boolean;
  /** Milliseconds since 1970, about now while online; null: never seen. */
  readonly lastSeen: number | null;
}

/** Messages of a channel may have been lost; where it keeps a history, its part up to `now` can be asked for. */
export interface ChannelMissed {
  readonly before?: Position;
  readonly now?: Position;
}

export interface ChannelEvents {
  message: ChannelMessage;
  missed: ChannelMissed;
  /** From now on messages come; told again after each reconnect. */
  subscribed: undefined;
  /** The server does not let us subscribe. Reported as an uncaught error where nobody listens. */
  refused: EnckeError;
  joined: Member;
  left: Member;
  /** Of a `user_status_<user>` channel. */
  presence: UserStatus;
  /** Messages with this event name. */
  [event: `message:${string}`]: ChannelMessage;
}

export interface ListenOptions {
  /** Ends the registration. */
  readonly signal?: AbortSignal | undefined;
}
export interface AskOptions {
  /** Rejects the promise with its reason. A publish that was sent is not taken back. */
  readonly signal?: AbortSignal | undefined;
}
export interface PublishOptions extends AskOptions {
  /** Others see user 0 as the sender. */
  readonly hidden?: boolean | undefined;
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
