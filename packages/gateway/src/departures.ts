/** Sessions that ended and still stand in Redis. Kept until Redis has taken them out, however long it is away. */

import { type DetachOrder, type Registry, steadyNow } from '@encke/cluster';
import type { Session } from './session.ts';

const RETRY = 1_000;
/** In one round trip at most. */
const GROUP = 1_000;

export class Departures {
  readonly #registry: () => Registry;
  #waiting: DetachOrder[] = [];
  #busy: Promise<void> | undefined;

  constructor(registry: () => Registry) {
    this.#registry = registry;
  }

  add(session: Session): void {
    const { app, user, device, id, epoch } = session;
    const cursor = session.confirmation.cursor(steadyNow());
    this.#waiting.push({ app, user, device, session: id, epoch, cursor });
    this.#busy ??= this.#run();
  }

  /** Resolves when all are taken out; may take as long as Redis is away. */
  async settled(): Promise<void> {
    await this.#busy;
  }

  async #run(): Promise<void> {
    // Those that end in the same tick go together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, GROUP);
      const results = await Promise.allSettled(group.map((one) => this.#registry().detach(one)));
      const failed = group.filter((_, i) => results[i]?.status === 'rejected');
      if (failed.length === 0) continue;
      this.#waiting.push(...failed);
      await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
    this.#busy = undefined;
  }
}
