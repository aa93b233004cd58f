/** Tells Redis again of sessions that this node holds: the gateway is the truth about them. [D3] */
import { RedisUnavailable, type Registry } from '@encke/cluster';
import type { Session } from './session.ts';

/** Sessions in one round trip. */
const SHARE = 500;

/** What registering needs of its gateway. */
export interface RegistrationParts {
  registry(): Registry;
  /** Resolves when Redis takes commands, or does not for too long. */
  connected(): Promise<void>;
  /** How many sessions of that user this node holds. */
  held(target: string): number;
  /** Redis may believe in more of them than there are. */
  stray(target: string): void;
  /** Resolves when Redis has been told of all that ended. */
  settled(): Promise<void>;
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
    // The bus may be back first; then all would fail, and try again in the same second.
    await this.#parts.connected();
    for (let i = 0; i < sessions.length; i += SHARE) {
      const share = sessions.slice(i, i + SHARE).filter((session) => !session.ended);
      await Promise.all(share.map((session) => this.one(session)));
    }
    await this.#strays();
  }

  /** Those whose sessions all ended shortly before Redis lost what it was told last. */
  async #strays(): Promise<void> {
    await this.#parts.settled();
    // Redis is away again, and so is the bus, which will come back.
    const listed = await this.#parts
      .registry()
      .users()
      .catch(() => []);
    for (const target of listed) if (this.#parts.held(target) === 0) this.#parts.stray(target);
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
      const { epoch, last, sessions } = answer;
      if (session.ended) {
        this.#parts.departed(session);
        return;
      }
      if (sessions > this.#parts.held(session.target)) this.#parts.stray(session.target);
      if (epoch !== session.epoch || last !== session.sent) this.#parts.behind(session);
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
