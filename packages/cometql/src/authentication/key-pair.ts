/** For clients that send the password itself without TLS: they encrypt it with this process's public key. */
import { constants, generateKeyPair, privateDecrypt } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);

interface Pair {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** Made when the first client asks: hardly one ever does. */
export class KeyPair {
  #pair: Promise<Pair> | undefined;

  #made(): Promise<Pair> {
    this.#pair ??= generate('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    return this.#pair;
  }

  /** PEM text. */
  async publicKey(): Promise<string> {
    return (await this.#made()).publicKey;
  }

  /** undefined: it was not encrypted with this key. */
  async decrypt(bytes: Buffer): Promise<Buffer | undefined> {
    const { privateKey: key } = await this.#made();
    try {
      // The padding that MySQL's clients use.
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      return privateDecrypt({ key, padding, oaepHash: 'sha1' }, bytes);
    } catch {
      return undefined;
    }
  }
}
