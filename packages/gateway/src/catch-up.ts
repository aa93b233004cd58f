/**
 * Brings a session from its position to the end of its user's inbox, page by page and no faster than its socket takes
 * it, then makes it live. Used after attach, after a gap on the bus, and when the bus comes back.
 */
import { type Inbox, type Page, RedisUnavailable, type Registry } from '@encke/cluster';
import { drained } from './drained.ts';
import type { Session } from './session.ts';

/** Sessions that read at the same time. */
const AT_ONCE = 256;
const RETRY = 500;
/** Bytes waiting in a socket under which the next page is read, at most: less where the send buffer is small. */
const LOW_WATER = 128 * 1024;

export class CatchUp {
  readonly #inbox: Inbox;
  readonly #registry: () => Registry;
  readonly #onFault: (error: unknown, session: Session) => void;
  readonly #lowWater: number;
  readonly #queue: (() => void)[] = [];
  #reading = 0;

  constructor(
    inbox: Inbox,
    registry: () => Registry,
    sendBuffer: number,
    onFault: (error: unknown, session: Session) => void,
  ) {
    this.#lowWater = Math.min(LOW_WATER, sendBuffer / 4);
    this.#inbox = inbox;
    this.#registry = registry;
    this.#onFault = onFault;
  }

  /** A live session is behind. */
  start(session: Session): void {
    // One that is reading already may have read before what it is told to read now.
    if (session.state === 'syncing') session.readAgain = true;
    if (session.state !== 'live') return;
    session.state = 'syncing';
    this.#go(session);
  }

  /** A session was just attached; `page` came with the answer. */
  begin(session: Session, page: Page): void {
    session.state = 'syncing';
    this.#deliver(session, page);
    if (!this.#settle(session)) this.#go(session);
  }

  /** Not below the stream's own mark, under which it does not tell that it has emptied. */
  #low(session: Session): number {
    return Math.max(this.#lowWater, session.socket.writableHighWaterMark);
  }

  #go(session: Session): void {
    this.#readAll(session).catch((error: unknown) => this.#onFault(error, session));
  }

  async #readAll(session: Session): Promise<void> {
    do {
      // Before a place is taken: peers that read nothing hold up nobody else.
      await drained(session, this.#low(session));
      await received(session);
      if (session.state !== 'syncing') return;
      await this.#enter();
      try {
        await this.#readPage(session);
      } catch (error) {
        if (!(error instanceof RedisUnavailable)) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY * (0.5 + Math.random())));
      } finally {
        this.#leave();
      }
    } while (!this.#settle(session));
  }

  async #enter(): Promise<void> {
    if (this.#reading >= AT_ONCE) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#reading += 1;
  }

  #leave(): void {
    this.#reading -= 1;
    this.#queue.shift()?.();
  }

  async #readPage(session: Session): Promise<void> {
    const { app, user, epoch, sent } = session;
    session.pageMore = true;
    if (session.contradicted) {
      await this.#renew(session);
      return;
    }
    const read = await this.#inbox.read(app, user, { epoch, seq: sent }, session.sentTime);
    if (session.ended) return;
    if (!read || (read.epoch === epoch && read.after < sent)) {
      await this.#renew(session);
      return;
    }
    const after = Math.max(read.after, read.lost);
    if (read.epoch !== epoch || read.after < sent || after > sent) {
      session.startAt(read.epoch, after, read.lost);
      session.moved = true;
      const line = session.wire.missed(session);
      if (line !== undefined) session.push(line);
    }
    this.#deliver(session, read.page);
  }

  /**
   * Redis lost this user, or the newest messages that this session was sent. Registering draws a new epoch, so that no id is
   * used twice [D6]; the next page tells it.
   */
  async #renew(session: Session): Promise<void> {
    const answer = await this.#registry().register(session.registration());
    if (typeof answer === 'string') session.end(answer);
    else if (session.contradicted && answer.epoch === session.epoch) session.startAt('', 0);
    session.contradicted = false;
  }

  #deliver(session: Session, page: Page): void {
    for (const entry of page.entries) {
      if (entry.seq > session.sent) session.deliver(entry, true);
    }
    if (page.upTo > session.sent) session.skipTo(page.upTo);
    session.pageMore = page.more;
    session.flush();
  }

  /** Adds what the bus brought meanwhile. @returns whether there is nothing more to read. */
  #settle(session: Session): boolean {
    if (session.state !== 'syncing') return true;
    const { held, readAgain } = session;
    session.held = undefined;
    session.readAgain = false;
    if (session.pageMore || readAgain) return false;
    // Live messages wait in the inbox while the socket is still full of old ones.
    if (session.socket.writableLength > this.#low(session)) return false;
    for (const message of held ?? []) {
      if (message.epoch !== session.epoch) return false;
      if (message.seq <= session.sent) continue;
      if (message.seq !== session.sent + 1) return false;
      session.deliver(message, false);
    }
    session.state = 'live';
    return true;
  }
}

/**
 * On the old wire a receipt follows each page before the next is sent: over a slow link a device that is cut off comes
 * back behind the pages it has, not to the first one again.
 */
async function received(session: Session): Promise<void> {
  if (!session.wire.pongConfirms) return;
  while (!session.ended && session.confirmed < session.sent) {
    await new Promise<void>((resolve) => {
      session.waiting = resolve;
    });
  }
}
