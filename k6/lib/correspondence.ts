/** What is sent to one user: numbered, one after the other, or the order would be nobody's. */
import { send } from './app-server.ts';
import { Ledger } from './ledger.ts';
import { sent } from './measures.ts';

export class Correspondence {
  readonly ledger = new Ledger();
  readonly #user: number;
  #count = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(user: number) {
    this.#user = user;
  }

  /** Resolves when it is accepted or refused. What is refused need not arrive; `http_req_failed` counts it. */
  tell(): Promise<void> {
    this.#last = this.#last.then(() => this.#send());
    return this.#last;
  }

  async #send(): Promise<void> {
    this.#count += 1;
    const n = this.#count;
    try {
      await send(this.#user, { n, at: Date.now() });
    } catch (error) {
      console.error(String(error));
      return;
    }
    this.ledger.accepted(n);
    sent.add(1);
  }
}
