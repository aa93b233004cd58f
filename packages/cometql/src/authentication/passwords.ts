/** Is it one of the API keys? In each of the ways in which clients show a password. */
import { createHash, timingSafeEqual } from 'node:crypto';

const sha1 = (...parts: readonly Buffer[]): Buffer => digest('sha1', parts);
const sha256 = (...parts: readonly Buffer[]): Buffer => digest('sha256', parts);

function digest(algorithm: string, parts: readonly Buffer[]): Buffer {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest();
}

const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)));

interface Password {
  readonly sha1: Buffer;
  readonly twiceSha1: Buffer;
  readonly sha256: Buffer;
  readonly twiceSha256: Buffer;
}

function password(key: string): Password {
  const bytes = Buffer.from(key);
  const [once, once256] = [sha1(bytes), sha256(bytes)];
  return { sha1: once, twiceSha1: sha1(once), sha256: once256, twiceSha256: sha256(once256) };
}

/** Several keys are valid at once, so that one can be exchanged without an outage. */
export class Passwords {
  readonly #passwords: readonly Password[];

  constructor(apiKeys: readonly string[]) {
    this.#passwords = apiKeys.map(password);
  }

  /** All are compared, each in constant time: the time tells neither which one was near nor how near. */
  #any(given: Buffer, expected: (password: Password) => Buffer): boolean {
    let found = false;
    for (const one of this.#passwords) {
      const bytes = expected(one);
      if (bytes.length === given.length && timingSafeEqual(bytes, given)) found = true;
    }
    return found;
  }

  /** `mysql_native_password` */
  native(proof: Buffer, scramble: Buffer): boolean {
    return this.#any(proof, (one) => xor(one.sha1, sha1(scramble, one.twiceSha1)));
  }

  /** `caching_sha2_password`, its short form. */
  sha2(proof: Buffer, scramble: Buffer): boolean {
    return this.#any(proof, (one) => xor(one.sha256, sha256(one.twiceSha256, scramble)));
  }

  /** The password itself. */
  plain(given: Buffer): boolean {
    const hash = sha256(given);
    return this.#any(hash, (one) => one.sha256);
  }
}
