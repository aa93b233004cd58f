/** From a key to a live session. */
import { type Attached, RedisUnavailable, type Registry, type Token, target } from '@encke/cluster';
import type { App, Device, Position, User } from '@encke/protocol';
import type { CatchUp } from './catch-up.ts';
import type { Hub } from './hub.ts';
import { KeysUnavailable } from './key-set.ts';
import type { Session } from './session.ts';
import { looksLikeToken, type Tokens } from './token.ts';

export interface Claim {
  readonly app: App;
  /** undefined: anonymous. */
  readonly user: User | undefined;
  /** The auth hash or a JWT. */
  readonly key: string;
  readonly device: Device;
  readonly resume: Position | undefined;
}

export type Outcome = 'authorized' | 'refused' | 'anonymous' | 'unavailable' | 'left';

/** What the entrance needs of its gateway. */
export interface EntranceParts {
  readonly hub: Hub;
  readonly catchUp: CatchUp;
  readonly tokens: Tokens;
  registry(): Registry;
  count(outcome: Outcome): void;
  /** Redis let nobody in. `why` says what is wrong with it, and nothing of the device. */
  outage(why: string): void;
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
    const { app, user, key, device } = claim;
    session.app = app;
    session.device = device;
    if (user === undefined || key === '') {
      this.#refuse(session, user === undefined ? 'anonymous' : 'refused');
    } else if (looksLikeToken(key)) {
      await this.#admitByToken(session, claim, user);
    } else {
      await this.#attach(session, claim, user);
    }
  }

  /** [T3] Until the token is known to be good, the session is nobody's. */
  async #admitByToken(session: Session, claim: Claim, user: User): Promise<void> {
    let token: Token | undefined;
    try {
      token = await this.#parts.tokens.verify(claim.app, user, claim.key);
    } catch (error) {
      if (!(error instanceof KeysUnavailable)) throw error;
      if (session.ended) this.#parts.count('left');
      else this.#unavailable(session);
      return;
    }
    if (session.ended) {
      this.#parts.count('left');
    } else if (token === undefined) {
      this.#refuse(session, 'refused');
    } else {
      session.token = token;
      await this.#attach(session, claim, user);
    }
  }

  /** Who may come in says Redis: by the stored hash, or for a session with a token by the list of revoked ones. */
  async #attach(session: Session, claim: Claim, user: User): Promise<void> {
    session.user = user;
    session.target = target(claim.app, user);
    session.state = 'attaching';
    session.registered = true;
    this.#parts.hub.add(session);
    const { token } = session;
    let attached: Attached | undefined;
    try {
      attached = await this.#parts.registry().attach({
        app: claim.app,
        user,
        session: session.id,
        device: claim.device,
        key: token ? undefined : claim.key,
        token,
        resume: claim.resume,
      });
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error;
      // Who tries again and again while Redis is away would be taken out of it as often when it is back.
      if (error.stored === 'no') session.registered = false;
      this.#parts.outage(error.message);
      this.#unavailable(session);
      return;
    }
    if (attached?.cameOnline) this.#parts.cameOnline();
    if (session.ended) {
      // It left before the answer came; if it was registered, it must be taken out again.
      this.#parts.count('left');
      if (attached) this.#parts.departed(session);
      return;
    }
    if (attached) {
      this.#welcome(session, attached, token ? '' : claim.key);
      return;
    }
    this.#parts.hub.remove(session);
    session.registered = false;
    session.target = '';
    session.token = undefined;
    this.#refuse(session, 'refused');
  }

  #unavailable(session: Session): void {
    this.#parts.count('unavailable');
    session.wire.unavailable(session);
  }

  #refuse(session: Session, outcome: 'anonymous' | 'refused'): void {
    this.#parts.count(outcome);
    session.state = 'anonymous';
    session.welcome(session.wire.ready(session, undefined));
    session.readEarly();
  }

  /** `hash`: the stored one, '' with a token. */
  #welcome(session: Session, attached: Attached, hash: string): void {
    this.#parts.count('authorized');
    session.admitted = true;
    session.since = attached.since;
    const { epoch, cursor, resumed } = attached;
    session.startAt(epoch, cursor, resumed ? 0 : cursor);
    session.welcome(session.wire.ready(session, { hash, resumed }));
    this.#parts.catchUp.begin(session, attached.page);
    if (session.registerAgain) this.#parts.register(session);
    session.registerAgain = false;
    session.readEarly();
  }
}
