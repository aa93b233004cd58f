/** The sessions of this node by user, and what the bus says to them. Nothing here blocks or awaits. */
import type {
  BusHandlers,
  BusMember,
  BusMessage,
  ChannelMessage,
  CloseReason,
} from '@encke/cluster';
import type { Session as SessionId } from '@encke/protocol';
import type { Channels } from './channels.ts';
import type { Session } from './session.ts';

export interface HubEvents {
  /** This session cannot go on from the bus alone: read its inbox. */
  behind(session: Session): void;
  /** What comes next for this session is more than it should be sent at once: read its inbox. */
  crowded(session: Session): void;
  /** Redis thinks that this node holds a session of that user, which it does not. */
  stray(target: string): void;
  busUp(): void;
  busDown(why: string): void;
  busLag(seconds: number): void;
  /** Where what concerns channels goes. */
  channels(): Pick<Channels, 'message' | 'membership' | 'presence'>;
}

export class Hub implements BusHandlers {
  readonly #users = new Map<string, Session[]>();
  readonly #events: HubEvents;
  #dirty: Session[] = [];
  #flushing = false;

  constructor(events: HubEvents) {
    this.#events = events;
  }

  /** Before its attach is sent, so that a bus message that overtakes the answer finds the session. [D4] */
  add(session: Session): void {
    const sessions = this.#users.get(session.target);
    if (sessions) sessions.push(session);
    else this.#users.set(session.target, [session]);
  }

  remove(session: Session): void {
    // Of one that is not let in, what overtook the answer was never its own.
    session.held = undefined;
    const sessions = this.#users.get(session.target);
    if (!sessions) return;
    const i = sessions.indexOf(session);
    if (i < 0) return;
    if (sessions.length === 1) this.#users.delete(session.target);
    else sessions.splice(i, 1);
  }

  /** Sessions of known users. */
  *sessions(): Generator<Session> {
    for (const sessions of this.#users.values()) yield* sessions;
  }

  held(target: string): SessionId[] {
    return (this.#users.get(target) ?? []).map((session) => session.id);
  }

  message(message: BusMessage): void {
    const sessions = this.#users.get(message.target);
    if (!sessions) {
      this.#events.stray(message.target);
      return;
    }
    for (const session of sessions) this.#offer(session, message);
  }

  #offer(session: Session, message: BusMessage): void {
    if (session.state !== 'live') {
      if (session.state === 'attaching' || session.state === 'syncing') session.hold(message);
      return;
    }
    if (message.epoch === session.epoch) {
      if (message.seq === session.sent + 1) {
        if (session.crowded) this.#events.crowded(session);
        else session.deliver(message, false);
        return;
      }
      // Sent before. But a number used twice means that Redis lost the newest messages in a failover.
      const known = message.time <= session.sentTime || session.sentTime === 0;
      if (message.seq <= session.sent) {
        if (known) return;
        session.contradicted = true;
      }
    }
    // [D2] A seq that skips means a lost bus message: the inbox has it.
    this.#events.behind(session);
  }

  evicted(target: string, id: SessionId): void {
    const session = this.#users.get(target)?.find((one) => one.id === id);
    if (!session) return;
    session.end('replaced');
  }

  close(target: string, reason: CloseReason): void {
    for (const session of [...(this.#users.get(target) ?? [])]) session.end(reason);
  }

  /** [T5] */
  revoked(target: string, digest: string): void {
    for (const session of [...(this.#users.get(target) ?? [])]) {
      if (session.token?.digest === digest) session.end('signedOut');
    }
  }

  channel(target: string, message: ChannelMessage): void {
    this.#events.channels().message(target, message);
  }

  membership(target: string, change: 'joined' | 'left', who: BusMember): void {
    this.#events.channels().membership(target, change, who);
  }

  presence(target: string, online: boolean, time: number): void {
    this.#events.channels().presence(target, online, time);
  }

  up(): void {
    this.#events.busUp();
  }

  down(why: string): void {
    this.#events.busDown(why);
  }

  lag(seconds: number): void {
    this.#events.busLag(seconds);
  }

  dirty(session: Session): void {
    this.#dirty.push(session);
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(this.flush);
  }

  flush = (): void => {
    this.#flushing = false;
    const dirty = this.#dirty;
    if (dirty.length === 0) return;
    this.#dirty = [];
    for (const session of dirty) session.flush();
  };
}
