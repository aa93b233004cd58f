/** The conversation that shows that a client knows the API key. Says nothing about the user: that is a name of an app. */
import { randomBytes } from 'node:crypto';
import type { Introduction } from '../wire/handshake.ts';
import type { KeyPair } from './key-pair.ts';
import type { Passwords } from './passwords.ts';

/** One packet to send, if any, and then: the verdict, or the client's next packet. */
export interface Step {
  readonly send?: Buffer;
  readonly verdict?: 'granted' | 'denied';
}

export interface Doors {
  readonly passwords: Passwords;
  readonly keyPair: KeyPair;
}

const granted: Step = { verdict: 'granted' };
const denied: Step = { verdict: 'denied' };

const native = 'mysql_native_password';
const sha2 = 'caching_sha2_password';
const more = 0x01;
const switchPlugin = 0xfe;
const fastSuccess = Buffer.from([more, 3]);
const sendPassword = Buffer.from([more, 4]);
const asksForKey = 2;

/** 20 printable bytes: clients treat it as a string. */
export const newScramble = (): Buffer =>
  Buffer.from(randomBytes(20).map((byte) => 0x21 + (byte % 94)));

const verdict = (right: boolean): Step => (right ? granted : denied);

/** The text before the zero byte that ends it. */
const untilZero = (bytes: Buffer): Buffer => (bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes);

export class Login {
  readonly #doors: Doors;
  readonly #secure: boolean;
  #scramble: Buffer;
  #expects: 'native' | 'sha2' | 'password' | 'nothing' = 'nothing';

  /** @param secure nobody can listen: the password itself may be sent. */
  constructor(doors: Doors, scramble: Buffer, secure: boolean) {
    this.#doors = doors;
    this.#scramble = scramble;
    this.#secure = secure;
  }

  begin({ plugin, proof }: Introduction): Step {
    switch (plugin) {
      case native:
        return this.#native(proof);
      case sha2:
        // It has seen another plugin in the greeting, and waits to be asked for its own.
        return proof.length === 0 ? this.askAnew(sha2) : this.#sha2(proof);
      default:
        return this.askAnew();
    }
  }

  /** Makes the client show its password for a new scramble, by its own plugin if that is one of ours. */
  askAnew(plugin = native): Step {
    const asked = plugin === sha2 ? sha2 : native;
    this.#scramble = newScramble();
    this.#expects = asked === sha2 ? 'sha2' : 'native';
    const head = Buffer.concat([Buffer.from([switchPlugin]), Buffer.from(`${asked}\0`)]);
    return { send: Buffer.concat([head, this.#scramble, Buffer.from([0])]) };
  }

  async proceed(payload: Buffer): Promise<Step> {
    switch (this.#expects) {
      case 'native':
        return this.#native(payload);
      case 'sha2':
        return this.#sha2(payload);
      case 'password':
        return this.#password(payload);
      default:
        return denied;
    }
  }

  #native(proof: Buffer): Step {
    return verdict(this.#doors.passwords.native(proof, this.#scramble));
  }

  /** The short form decides when it is right; else the client shows the password itself, as MySQL does it. */
  #sha2(proof: Buffer): Step {
    if (proof.length <= 1) return denied;
    if (this.#doors.passwords.sha2(proof, this.#scramble)) return { send: fastSuccess, ...granted };
    this.#expects = 'password';
    return { send: sendPassword };
  }

  async #password(payload: Buffer): Promise<Step> {
    const { passwords, keyPair } = this.#doors;
    if (this.#secure) return verdict(passwords.plain(untilZero(payload)));
    if (payload.length === 1 && payload[0] === asksForKey) {
      const key = Buffer.from(await keyPair.publicKey());
      return { send: Buffer.concat([Buffer.from([more]), key]) };
    }
    const mixed = await keyPair.decrypt(payload);
    if (mixed === undefined) return denied;
    const scramble = this.#scramble;
    const password = mixed.map((byte, i) => byte ^ (scramble[i % scramble.length] ?? 0));
    return verdict(passwords.plain(untilZero(Buffer.from(password))));
  }
}
