/** A channel's message as Redis has it: in the history, and after its position in a bus line. */
import type { Position, Session, User } from '@encke/protocol';

export interface ChannelMessage {
  /** Unique for ever: who has seen it may drop a second copy. */
  readonly id: string;
  /** Only when the channel keeps a history. */
  readonly position?: Position;
  /** Milliseconds since 1970, by Redis. */
  readonly time: number;
  readonly event: string;
  /** JSON text. */
  readonly data: string;
  /** Whom others see as the sender, 0 for nobody; absent: an application server. */
  readonly user?: User | 0;
  /** The sender's, which gets no echo. */
  readonly session?: Session;
}

/** Whoever published from a browser. */
export interface Sender {
  readonly session: Session;
  /** What others see: 0 when anonymous or hidden. */
  readonly user: User | 0;
}

/** `<id> <user> <session> <event> <data>`; '-' for nobody, event may be empty, data holds no newline. */
export function packChannelMessage(
  id: string,
  event: string,
  data: string,
  from: Sender | undefined,
): string {
  return from === undefined
    ? `${id} - - ${event} ${data}`
    : `${id} ${from.user} ${from.session} ${event} ${data}`;
}

/** `place` is `<ms>-<seq>`; `epoch` '-' or '': the channel keeps no history. */
export function parseChannelMessage(epoch: string, place: string, body: string): ChannelMessage {
  const dash = place.indexOf('-');
  const a = body.indexOf(' ');
  const b = body.indexOf(' ', a + 1);
  const c = body.indexOf(' ', b + 1);
  const d = body.indexOf(' ', c + 1);
  const user = body.slice(a + 1, b);
  const numbered = epoch !== '-' && epoch !== '';
  return {
    id: body.slice(0, a),
    ...(numbered && { position: { epoch, seq: Number(place.slice(dash + 1)) } }),
    time: Number(place.slice(0, dash)),
    event: body.slice(c + 1, d),
    data: body.slice(d + 1),
    ...(user !== '-' && {
      user: Number(user) as User | 0,
      session: body.slice(b + 1, c) as Session,
    }),
  };
}

/** `b <app:channel> <epoch or -> <ms>-<seq> <body>` */
export function parseChannelLine(line: string): { target: string; message: ChannelMessage } {
  const a = line.indexOf(' ', 2);
  const b = line.indexOf(' ', a + 1);
  const c = line.indexOf(' ', b + 1);
  const message = parseChannelMessage(
    line.slice(a + 1, b),
    line.slice(b + 1, c),
    line.slice(c + 1),
  );
  return { target: line.slice(2, a), message };
}
