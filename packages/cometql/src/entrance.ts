/** From the first packet of a client, or its wish to be another user, to a client that has logged in or one that has not. */
import { type App, isFault, parseApp } from '@encke/protocol';
import { Login, newScramble, type Step } from './authentication/login.ts';
import { type Client, type House, outcomeOf } from './client.ts';
import { useStatement } from './commands/init-database.ts';
import { unknownCharset } from './faults.ts';
import { ok, SqlFault } from './outcome.ts';
import { PreparedStatements } from './prepared-statements.ts';
import { newState } from './state.ts';
import { answer, plain } from './wire/answer.ts';
import { encodingOfCollation, isUnsafeCollation } from './wire/charset.ts';
import { accessDenied, badHandshake, noCompression } from './wire/faults.ts';
import {
  asksForCompression,
  asksForTls,
  greeting,
  type Introduction,
  readChangeUser,
  readIntroduction,
} from './wire/handshake.ts';
import type { Packet } from './wire/packet-reader.ts';

/** What to do after a packet of the conversation; `send` are packets. */
export type Entry =
  | { readonly kind: 'tls' }
  | { readonly kind: 'more'; readonly send: Buffer }
  | { readonly kind: 'in'; readonly send: Buffer; readonly client: Client }
  | { readonly kind: 'out'; readonly send: Buffer };

type Verdict = Extract<Entry, { kind: 'in' | 'out' }>;

/** `root` is app 0. undefined: no user of ours has such a name. */
function appOf(user: string): App | undefined {
  const app = parseApp(user === 'root' ? '0' : user);
  return isFault(app) ? undefined : app;
}

export class Entrance {
  readonly #house: House;
  readonly #connection: number;
  readonly #scramble = newScramble();
  #secure = false;
  #introduction: Introduction | undefined;
  #login: Login | undefined;
  /** The client has answered a question for its password with one. */
  #shown = false;

  constructor(house: House, connection: number) {
    this.#house = house;
    this.#connection = connection;
  }

  greeting(): Buffer {
    return greeting(this.#connection, this.#scramble, this.#house.secureContext !== undefined);
  }

  /** The socket is encrypted from here on. */
  secured(): void {
    this.#secure = true;
  }

  /** @throws Malformed */
  async accept({ payload, sequence }: Packet): Promise<Entry> {
    const next = (sequence + 1) & 0xff;
    if (this.#login) {
      this.#shown ||= payload.length > 1;
      return this.#judge(await this.#login.proceed(payload), next);
    }
    if (asksForTls(payload) && !this.#secure) {
      if (this.#house.secureContext !== undefined) return { kind: 'tls' };
      return this.#out(next, badHandshake, 'malformed');
    }
    this.#introduction = readIntroduction(payload);
    if (asksForCompression(payload)) return this.#out(next, noCompression, 'malformed');
    return this.#judge(this.#begin().begin(this.#introduction), next);
  }

  /**
   * COM_CHANGE_USER. What a client makes of its password then depends on its age: when it is not right at once, it is
   * asked anew. @throws Malformed
   */
  async change({ payload, sequence }: Packet): Promise<Entry> {
    const next = (sequence + 1) & 0xff;
    const before = this.#introduction;
    if (before === undefined) return this.#out(next, badHandshake, 'malformed');
    this.#introduction = readChangeUser(payload.subarray(1), before);
    const login = this.#begin();
    const step = login.begin(this.#introduction);
    const right = step.verdict === 'granted';
    return this.#judge(right ? step : login.askAnew(this.#introduction.plugin), next);
  }

  #begin(): Login {
    this.#shown = false;
    this.#login = new Login(this.#house.doors, this.#scramble, this.#secure);
    return this.#login;
  }

  async #judge({ send, verdict }: Step, sequence: number): Promise<Entry> {
    const sent = send === undefined ? Buffer.alloc(0) : plain(sequence, send);
    if (verdict === undefined) return { kind: 'more', send: sent };
    this.#login = undefined;
    const introduction = this.#introduction;
    const app = appOf(introduction?.user ?? '');
    if (verdict === 'denied' || introduction === undefined || app === undefined) {
      const withPassword = this.#shown || (introduction?.proof.length ?? 0) > 0;
      return this.#out(sequence, accessDenied(withPassword), 'denied');
    }
    const entry = await this.#welcome(introduction, app, (sequence + (send ? 1 : 0)) & 0xff);
    return { ...entry, send: Buffer.concat([sent, entry.send]) };
  }

  async #welcome(
    { user, database, capabilities, collation }: Introduction,
    app: App,
    sequence: number,
  ): Promise<Verdict> {
    const house = this.#house;
    if (isUnsafeCollation(collation)) return this.#out(sequence, unknownCharset(), 'denied');
    const encoding = encodingOfCollation(collation);
    const client: Client = {
      house,
      caller: {
        ...{ ...house.surroundings, app, user, database: '', connection: this.#connection },
        state: newState(),
      },
      statements: new PreparedStatements(),
      capabilities,
      encoding,
      firstEncoding: encoding,
    };
    if (database !== '') {
      const outcome = await outcomeOf(client, useStatement(database));
      if (outcome instanceof SqlFault) return this.#out(sequence, outcome, 'denied');
    }
    house.logins.granted += 1;
    return { kind: 'in', client, send: answer(sequence, ok(), client) };
  }

  #out(sequence: number, fault: SqlFault, reason: 'denied' | 'malformed'): Verdict {
    this.#house.logins[reason] += 1;
    return { kind: 'out', send: answer(sequence, fault, { capabilities: 0 }) };
  }
}
