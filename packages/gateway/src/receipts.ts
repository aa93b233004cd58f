/** Confirmed seqs on their way to Redis: of all sessions together, in one pipelined round trip every few milliseconds. */

import type { AckOrder, Registry } from '@encke/cluster';
import { steadyNow } from './clock.ts';
import type { Session } from './session.ts';

/** Milliseconds. Longer gathers more receipts of one user; a crash meanwhile only causes a second delivery. */
const GATHER = 25;
const RETRY = 1_000;

export class Receipts {
  readonly #registry: () => Registry;
  #waiting = new Set<Session>();
  #timer: NodeJS.Timeout | undefined;

  constructor(registry: () => Registry) {
    this.#registry = registry;
  }

  add(session: Session): void {
    this.#waiting.add(session);
    this.#timer ??= setTimeout(this.#send, GATHER);
  }

  #send = (): void => {
    this.#timer = undefined;
    void this.flush();
  };

  async flush(): Promise<void> {
    const sessions = [...this.#waiting];
    this.#waiting.clear();
    if (sessions.length === 0) return;
    const now = steadyNow();
    const orders = sessions.map((session): AckOrder => {
      const { app, user, device, epoch, confirmed: seq } = session;
      const time = seq === session.sent ? session.sentTime : 0;
      const cursor = session.cursorToReport(now);
      return { app, user, session: session.id, device, epoch, seq, time, cursor };
    });
    try {
      await this.#registry().ack(orders);
    } catch {
      // Redis is away: what is not confirmed would only be delivered again. Kept for when it is back.
      for (const session of sessions) if (!session.ended) this.#waiting.add(session);
      if (this.#waiting.size > 0) this.#timer ??= setTimeout(this.#send, RETRY);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
