/**
 * One channel with subscribers on this node, and what Redis has still to hear of them. All of it can be lost: who is
 * subscribed stands in the sockets.
 */
import { type ChannelMessage, channelTarget, type Member } from '@encke/cluster';
import type { App, Channel, Position, Session as SessionId } from '@encke/protocol';
import { directAddress } from './peer.ts';
import type { Session } from './session.ts';
import type { SharedLine } from './shared-line.ts';

/** What a session that is being brought up to date has still to be sent. With more, the history is read again. */
const HELD = 128;
/** Bus messages that wait while the history is read for all. */
const WAITING = 1_024;

/** A subscriber that is not live yet: its answer, or what it missed, goes first. */
export interface Joiner {
  held: { readonly line: SharedLine; readonly position?: Position }[];
  /** More came than is held. */
  overflowed: boolean;
  /** Up to here it has what the bus may still bring. */
  has: Position | undefined;
}

/** What Redis has not heard of a channel. Most channels owe nothing most of the time. */
export class Owed {
  readonly joined = new Set<Session>();
  readonly kept = new Set<Session>();
  readonly left = new Map<SessionId, Member>();
  /** Of those that joined: Redis may have them all the same. */
  readonly uncertain = new Set<Session>();
  /** Who wants to know when Redis has heard it. */
  readonly waiters: { resolve(): void; reject(error: unknown): void }[] = [];
}

export class LocalChannel {
  readonly app: App;
  readonly name: Channel;
  /** `app:channel` */
  readonly target: string;
  readonly sessions = new Set<Session>();
  /** Of these, the ones that are not live. */
  joiners: Map<Session, Joiner> | undefined;

  /** Up to where all live subscribers have been served; undefined while the channel keeps no history. */
  position: Position | undefined;
  /** Milliseconds, of the last message with a position; 0: not known. */
  time = 0;
  /** Messages that wait for the position, or for what is missing before them. At first: until Redis knows of us. */
  held: ChannelMessage[] | undefined = [];
  /** More came than waits, or a report was answered meanwhile: the history must be read once more. */
  readAgain = false;
  /** Messages may have been lost: the next report asks with what the position has to be compared. */
  stale = false;
  /** The history is being read. */
  recovering = false;

  #owed: Owed | undefined;
  /** A report is under way, or waits to be repeated. */
  reporting = false;
  dirty = false;

  constructor(app: App, name: Channel) {
    this.app = app;
    this.name = name;
    this.target = channelTarget(app, name);
  }

  get owed(): Owed {
    this.#owed ??= new Owed();
    return this.#owed;
  }

  /** For a report; from here on a new account begins. */
  takeOwed(): Owed {
    const { owed } = this;
    this.#owed = undefined;
    return owed;
  }

  /** @returns whether it was not subscribed yet. */
  add(session: Session): boolean {
    if (this.sessions.has(session)) return false;
    this.sessions.add(session);
    const { joined, left, uncertain } = this.owed;
    joined.add(session);
    if (left.delete(session.id)) uncertain.add(session);
    session.channels ??= new Set();
    session.channels.add(this);
    return true;
  }

  remove(session: Session): boolean {
    if (!this.sessions.delete(session)) return false;
    this.settle(session);
    const { joined, kept, left, uncertain } = this.owed;
    kept.delete(session);
    // Who was never announced leaves without a word.
    if (!joined.delete(session) || uncertain.delete(session)) left.set(session.id, member(session));
    session.channels?.delete(this);
    if (session.channels?.size === 0) session.channels = undefined;
    return true;
  }

  /** From now on what comes for the session is held. */
  hold(session: Session): Joiner {
    const joiner: Joiner = { held: [], overflowed: false, has: undefined };
    this.joiners ??= new Map();
    this.joiners.set(session, joiner);
    return joiner;
  }

  /** The session is live. */
  settle(session: Session): void {
    if (!this.joiners?.delete(session)) return;
    if (this.joiners.size === 0) this.joiners = undefined;
  }

  /** Writes a line to all live subscribers, and holds it for the others. @returns to how many. */
  tell(line: SharedLine, position?: Position, except?: SessionId): number {
    let told = 0;
    for (const session of this.sessions) {
      if (session.id === except) continue;
      const joiner = this.joiners?.get(session);
      if (joiner !== undefined && !this.#passes(session, joiner, line, position)) continue;
      session.share(line);
      told += 1;
    }
    return told;
  }

  #passes(session: Session, joiner: Joiner, line: SharedLine, position?: Position): boolean {
    if (joiner.has !== undefined) {
      if (position === undefined) return true;
      if (position.epoch === joiner.has.epoch && position.seq <= joiner.has.seq) return false;
      this.settle(session);
      return true;
    }
    if (joiner.held.length < HELD) joiner.held.push({ line, ...(position && { position }) });
    else joiner.overflowed = true;
    return false;
  }

  /** Keeps a message for when the ones before it are there. */
  wait(message: ChannelMessage): void {
    this.held ??= [];
    if (this.held.length < WAITING) this.held.push(message);
    else this.readAgain = true;
  }

  /** Nobody is here, and Redis knows it. */
  get done(): boolean {
    return this.sessions.size === 0 && !this.reporting && !this.dirty;
  }
}

export function member(session: Session): Member {
  const { id, user, admitted, device, peer, address, socket } = session;
  return {
    session: id,
    user: admitted ? user : 0,
    device,
    agent: peer.agent,
    ip: address === '' ? directAddress(socket) : address,
    origin: peer.origin,
    language: peer.language,
  };
}
