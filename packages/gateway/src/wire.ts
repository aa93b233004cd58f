import type {
  Channel,
  CloseName,
  Person,
  Position,
  StoredChannelMessage,
  StoredMessage,
  User,
} from '@encke/protocol';
import type { Session } from './session.ts';

/** What differs between the two wires. */
export interface Wire {
  /** A pong to our ping is the receipt, because the peer cannot ack. */
  readonly pongConfirms: boolean;
  /** The peer reads several lines in one text frame. */
  readonly joinsLines: boolean;
  /** A small number, of its own for each wire: what is encoded for many sockets is kept under it. */
  readonly form: number;
  message(id: string, message: StoredMessage, queued: boolean): string;
  /** The answer to an attach: `hash` is the stored one, undefined when the key was refused. */
  ready(session: Session, answer: { hash: string; resumed: boolean } | undefined): string;
  /** Messages may have been lost; undefined where the wire has no word for it. */
  missed(session: Session): string | undefined;
  /** A channel's message, sent live or read from the history. */
  channel(channel: Channel, message: StoredChannelMessage, history: boolean): string;
  /** Messages of a channel were lost; undefined where the wire has no word for it. */
  channelMissed(channel: Channel, position: Position): string | undefined;
  /** Somebody joined a channel, or left it. */
  membership(channel: Channel, change: 'joined' | 'left', who: Person): string;
  /** A user came online or went offline. `time` in milliseconds. */
  presence(user: User, online: boolean, time: number): string;
  /** Redis is away, so the attach could not be answered. */
  unavailable(session: Session): void;
  receive(session: Session, data: Buffer, binary: boolean): void;
  /** Ends the socket so that the peer comes back or stays away, as `close` says. */
  end(session: Session, close: CloseName): void;
}
