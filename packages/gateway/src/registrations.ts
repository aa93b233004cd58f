/** Tells Redis again of sessions that this node holds: the gateway is the truth about them. [D3] */
import { RedisUnavailable, type Registry } from '@encke/cluster';
import type { Session } from './session.ts';

/** Sessions in one round trip. */
const SHARE = 500;

/** What registering needs of its gateway. */
export interface RegistrationParts {
  registry(): Registry;
  /** Its user's inbox holds what it was not sent, or is not the one it knows: read it. */
  behind(session: Session): void;
  /** It ended meanwhile and must be taken out again. */
  departed(session: Session): void;
  fault(error: unknown, session: Session): void;
}

export class Registrations {
  readonly #parts: RegistrationParts;

  constructor(parts: RegistrationParts) {
    this.#parts = parts;
  }

  /** A share at a time, or appends would wait behind tens of thousands of them. */
  async all(sessions: readonly Session[]): Promise<void> {
    for (let i = 0; i < sessions.length; i += SHARE) {
      const share = sessions.slice(i, i + SHARE).filter((session) => !session.ended);
      await Promise.all(share.map((session) => this.one(session)));
    }
  }

  async one(session: Session): Promise<void> {
    // Its attach is on its way, perhaps from before the bus was lost: registered again when the answer is there.
    if (session.state === 'attaching') {
      session.registerAgain = true;
      return;
    }
    try {
      const answer = await this.#parts.registry().register(session.registration());
      if (typeof answer === 'string') {
        session.end(answer);
        return;
      }
      const { epoch, last } = answer;
      if (session.ended) this.#parts.departed(session);
      else if (epoch !== session.epoch || last !== session.sent) this.#parts.behind(session);
    } catch (error) {
      // The bus comes back again, or the heartbeat finds the node forgotten; both register again.
      if (!(error instanceof RedisUnavailable)) this.#parts.fault(error, session);
      else this.#retry(session);
    }
  }

  #retry(session: Session): void {
    setTimeout(
      () => {
        if (!session.ended) void this.one(session);
      },
      500 + Math.random() * 1_000,
    ).unref();
  }
}
