/** From a key to a live session. */
import { type Attached, type Registry, RedisUnavailable, target } from '@encke/cluster';
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

export class Entrance {
  readonly #registry: () => Registry;
  readonly #hub: Hub;
  readonly #catchUp: CatchUp;
  readonly #departed: (session: Session) => void;
  readonly #count: (outcome: Outcome) => void;
  readonly #register: (session: Session) => void;

  constructor(
    registry: () => Registry,
    hub: Hub,
    catchUp: CatchUp,
    departed: (session: Session) => void,
    count: (outcome: Outcome) => void,
    register: (session: Session) => void,
  ) {
    this.#registry = registry;
    this.#hub = hub;
    this.#catchUp = catchUp;
    this.#departed = departed;
    this.#count = count;
    this.#register = register;
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
    this.#hub.add(session);
    let attached: Attached | undefined;
    try {
      attached = await this.#registry().attach({
        app: claim.app,
        user: claim.user,
        session: session.id,
        device: claim.device,
        key: claim.key,
        ...(claim.resume !== undefined && { resume: claim.resume }),
      });
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error;
      this.#count('unavailable');
      session.wire.unavailable(session);
      return;
    }
    if (session.ended) {
      // It left before the answer came; if it was registered, it must be taken out again.
      this.#count('left');
      if (attached) this.#departed(session);
      return;
    }
    if (attached) {
      this.#welcome(session, attached);
      return;
    }
    this.#hub.remove(session);
    session.registered = false;
    session.target = '';
    this.#refuse(session, 'refused');
  }

  #refuse(session: Session, outcome: 'anonymous' | 'refused'): void {
    this.#count(outcome);
    session.state = 'anonymous';
    session.push(session.wire.ready(session, undefined));
  }

  #welcome(session: Session, attached: Attached): void {
    this.#count('authorized');
    session.since = attached.since;
    session.startAt(attached.epoch, attached.cursor);
    const { hash, resumed } = attached;
    session.push(session.wire.ready(session, { hash, resumed }));
    this.#catchUp.begin(session, attached.page);
    if (session.registerAgain) this.#register(session);
    session.registerAgain = false;
  }
}
