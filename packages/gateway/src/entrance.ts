/** From a key to a live session. */
import { type Attached, RedisUnavailable, type Registry, target } from '@encke/cluster';
import type { App, Device, Position, User } from '@encke/protocol';
import type { CatchUp } from './catch-up.ts';
import type { Hub } from './hub.ts';
import type { Session } from './session.ts';

export interface Claim {
  readonly app: App;
  /** Absent: anonymous. */
  readonly user?: User;
  readonly key: string;
  readonly device: Device;
  readonly resume?: Position;
}

export type Outcome = 'authorized' | 'refused' | 'anonymous' | 'unavailable' | 'left';

/** What the entrance needs of its gateway. */
export interface EntranceParts {
  readonly hub: Hub;
  readonly catchUp: CatchUp;
  registry(): Registry;
  count(outcome: Outcome): void;
  /** The user was offline before this session. */
  cameOnline(): void;
  /** It may stand in Redis' registry and must be taken out. */
  departed(session: Session): void;
  /** The bus came back while it was attaching. */
  register(session: Session): void;
}

export class Entrance {
  readonly #parts: EntranceParts;

  constructor(parts: EntranceParts) {
    this.#parts = parts;
  }

  /** Checks the claim and makes the session live; answers on its wire, whatever comes of it. */
  async admit(session: Session, claim: Claim): Promise<void> {
    session.app = claim.app;
    session.device = claim.device;
    if (claim.user === undefined || claim.key === '') {
      this.#refuse(session, claim.user === undefined ? 'anonymous' : 'refused');
      return;
    }
    session.user = claim.user;
    session.target = target(claim.app, claim.user);
    session.state = 'attaching';
    session.registered = true;
    this.#parts.hub.add(session);
    let attached: Attached | undefined;
    try {
      attached = await this.#parts.registry().attach({
        app: claim.app,
        user: claim.user,
        session: session.id,
        device: claim.device,
        key: claim.key,
        ...(claim.resume !== undefined && { resume: claim.resume }),
      });
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error;
      this.#parts.count('unavailable');
      session.wire.unavailable(session);
      return;
    }
    if (session.ended) {
      // It left before the answer came; if it was registered, it must be taken out again.
      this.#parts.count('left');
      if (attached) this.#parts.departed(session);
      return;
    }
    if (attached) {
      this.#welcome(session, attached);
      return;
    }
    this.#parts.hub.remove(session);
    session.registered = false;
    session.target = '';
    this.#refuse(session, 'refused');
  }

  #refuse(session: Session, outcome: 'anonymous' | 'refused'): void {
    this.#parts.count(outcome);
    session.state = 'anonymous';
    session.welcome(session.wire.ready(session, undefined));
  }

  #welcome(session: Session, attached: Attached): void {
    this.#parts.count('authorized');
    if (attached.cameOnline) this.#parts.cameOnline();
    session.admitted = true;
    session.since = attached.since;
    session.startAt(attached.epoch, attached.cursor);
    const { hash, resumed } = attached;
    session.welcome(session.wire.ready(session, { hash, resumed }));
    this.#parts.catchUp.begin(session, attached.page);
    if (session.registerAgain) this.#parts.register(session);
    session.registerAgain = false;
  }
}
