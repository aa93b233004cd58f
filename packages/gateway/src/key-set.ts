/**
 * The public keys of an identity provider, fetched from its JWKS address. Logins wait for it only when a key is needed
 * that is not here, and then for a bounded time; while its server is away, the keys that are here go on being used.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTHeaderParameters } from 'jose';

type VerifyKey = Awaited<ReturnType<ReturnType<typeof createLocalJWKSet>>>;

/** Milliseconds until a fetch is given up. */
const TIMEOUT = 2_000;
/** Milliseconds after which the keys are fetched anew, so that one that was withdrawn is noticed. */
const REFRESH = 600_000;
/** Milliseconds between two fetches for the sake of an unknown key, which anybody can name. */
const COOL_DOWN = 5_000;
/** Milliseconds until a fetch that failed is tried again. */
const RETRY = 1_000;
/** Keys tried for a token that names none. */
const CANDIDATES = 8;

/** What `fetch` itself says is only that it failed. */
function reason(error: unknown): string {
  const { message, cause } = error as Error;
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? message;
}

/** The keys cannot be had just now, so nobody can say whether a token is good. */
export class KeysUnavailable extends Error {}

export class KeySet {
  readonly #url: string;
  readonly #onFailure: (why: string) => void;
  #keys: ReturnType<typeof createLocalJWKSet> | undefined;
  #loadedAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | undefined;

  /** `onFailure` hears why a fetch failed. */
  constructor(url: string, onFailure: (why: string) => void) {
    this.#url = url;
    this.#onFailure = onFailure;
  }

  /** The keys that may have signed a token with this header; none when it is unknown. @throws KeysUnavailable */
  async find(header: JWTHeaderParameters): Promise<readonly VerifyKey[]> {
    if (!this.#keys) await this.#load();
    else if (performance.now() - this.#loadedAt > REFRESH) this.#load().catch(() => {});
    const found = await this.#look(header);
    if (found.length > 0 || performance.now() - this.#loadedAt < COOL_DOWN) return found;
    // Perhaps the keys were rotated.
    await this.#load();
    return this.#look(header);
  }

  async #look(header: JWTHeaderParameters): Promise<VerifyKey[]> {
    if (!this.#keys) return [];
    try {
      return [await this.#keys(header)];
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) return [];
      const keys: VerifyKey[] = [];
      for await (const key of error) if (keys.push(key) === CANDIDATES) break;
      return keys;
    }
  }

  /** All that come while a fetch is on its way wait for that one. */
  #load(): Promise<void> {
    if (performance.now() - this.#failedAt < RETRY)
      return Promise.reject(new KeysUnavailable('the last fetch failed'));
    this.#loading ??= this.#fetch().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #fetch(): Promise<void> {
    try {
      const response = await fetch(this.#url, {
        headers: { accept: 'application/jwk-set+json, application/json' },
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT),
      });
      if (response.status !== 200) throw new Error(`status ${response.status}`);
      this.#keys = createLocalJWKSet((await response.json()) as JSONWebKeySet);
      this.#loadedAt = performance.now();
    } catch (error) {
      this.#failedAt = performance.now();
      const why = reason(error);
      this.#onFailure(why);
      throw new KeysUnavailable(why);
    }
  }
}
