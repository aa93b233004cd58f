/** What is sent to one user: numbered, one after the other, or the order would be nobody's. */
import { isAccepted, send } from './app-server.ts';
import type { Incoming } from './device.ts';
import { Ledger, type Note } from './ledger.ts';
import { sent } from './measures.ts';

export class Correspondence {
  readonly ledger = new Ledger();
  readonly #user: number;
  #count = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(user: number) {
    this.#user = user;
  }

  /** A device of the user has got it. */
  receive({ data, queued }: Incoming): void {
    this.ledger.received(data as Note, !queued);
  }

  /** Resolves when it is accepted or refused. */
  tell(): Promise<void> {
    this.#last = this.#last.then(() => this.#send());
    return this.#last;
  }

  async #send(): Promise<void> {
    this.#count += 1;
    const n = this.#count;
    if (!(await isAccepted(send(this.#user, { n, at: Date.now() })))) return;
    this.ledger.accepted(n);
    sent.add(1);
  }
}
