/** Confirmed seqs on their way to Redis: those of one session gathered for a moment, those of all sessions in one round trip. */

import { type AckOrder, type Registry, steadyNow } from '@encke/cluster';
import type { Session } from './session.ts';

/**
 * Milliseconds that a receipt waits for later ones of its session. In a stream of messages one then stands for many; a crash
 * meanwhile only causes a second delivery.
 */
const GATHER = 200;
/** Milliseconds between two round trips. */
const STEP = 25;
const RETRY = 1_000;

export class Receipts {
  readonly #registry: () => Registry;
  /** When each first had something to tell: in that order. */
  readonly #waiting = new Map<Session, number>();
  #leaving: Session[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(registry: () => Registry) {
    this.#registry = registry;
  }

  add(session: Session): void {
    if (this.#waiting.has(session)) return;
    this.#waiting.set(session, steadyNow());
    this.#timer ??= setTimeout(this.#send, GATHER);
  }

  /** It tells no more: what it has told goes ahead of its departure. */
  left(session: Session): void {
    if (!this.#waiting.delete(session)) return;
    if (this.#leaving.length === 0) setImmediate(this.#sendLeaving);
    this.#leaving.push(session);
  }

  #sendLeaving = (): void => {
    const sessions = this.#leaving;
    this.#leaving = [];
    void this.#report(sessions);
  };

  #send = (): void => {
    this.#timer = undefined;
    const now = steadyNow();
    const due: Session[] = [];
    for (const [session, since] of this.#waiting) {
      if (now - since < GATHER) break;
      due.push(session);
      this.#waiting.delete(session);
    }
    if (this.#waiting.size > 0) this.#timer = setTimeout(this.#send, STEP);
    void this.#report(due);
  };

  /** Tells Redis all there is. */
  async flush(): Promise<void> {
    const sessions = [...this.#waiting.keys()];
    this.#waiting.clear();
    await this.#report(sessions);
  }

  async #report(sessions: readonly Session[]): Promise<void> {
    if (sessions.length === 0) return;
    const now = steadyNow();
    const orders = sessions.map((session): AckOrder => {
      const { app, user, device, id, epoch, confirmation } = session;
      const { seq, timed, time, passed } = confirmation;
      const cursor = confirmation.toReport(now);
      return { app, user, session: id, device, epoch, seq, timed, time, cursor, passed };
    });
    try {
      await this.#registry().ack(orders);
    } catch {
      // Redis is away: what is not confirmed would only be delivered again. Kept for when it is back.
      for (const session of sessions) if (!session.ended) this.add(session);
      if (this.#waiting.size === 0) return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(this.#send, RETRY);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
