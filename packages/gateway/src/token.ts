/**
 * JWTs as keys. [T1] What a token is signed with decides which keys may have signed it, so a public key is never taken
 * for a shared secret; a token that breaks any rule looks like a wrong hash.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { type Token, tokenDigest } from '@encke/cluster';
import type { App, User } from '@encke/protocol';
import { type Config, ConfigError, type Log, readSetting } from '@encke/service';
import { decodeProtectedHeader, errors, type JWTHeaderParameters, jwtVerify } from 'jose';
import { KeySet } from './key-set.ts';

const shape = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** Three parts between dots. No hash has a dot. [I4] */
export const looksLikeToken = (key: string): boolean => shape.test(key);

/** The largest time there is. */
const LATEST = 8.64e15;
/** Seconds by which the clock of who signs may be ahead: many let a token begin with the second in which it is made. */
const AHEAD = 5;
/** Milliseconds between two log lines about the same outage. */
const QUIET = 10_000;

type Key = Parameters<typeof jwtVerify>[1];
type Settings = Pick<Config, 'apiKeys' | 'jwt'>;

interface PublicKey {
  readonly alg: string;
  readonly key: KeyObject;
}

const variable = 'ENCKE_JWT_PUBLIC_KEY';
const rule = 'must be a PEM file with an RSA key of 2048 bits or more, or a P-256 key';

/** @throws ConfigError when there is no such file, or another kind of key in it. */
function readPublicKey(path: string): PublicKey {
  const pem = readSetting(variable, path);
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new ConfigError([{ variable, rule }]);
  }
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= 2048) return { alg: 'RS256', key };
  if (key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return { alg: 'ES256', key };
  throw new ConfigError([{ variable, rule }]);
}

export class Tokens {
  readonly #settings: Settings;
  readonly #publicKey: PublicKey | undefined;
  readonly #keySet: KeySet | undefined;
  #logged = Number.NEGATIVE_INFINITY;

  constructor(settings: Settings, log: Log) {
    const { jwksUrl, publicKey } = settings.jwt;
    this.#settings = settings;
    this.#publicKey = publicKey === undefined ? undefined : readPublicKey(publicKey);
    if (jwksUrl === undefined) return;
    this.#keySet = new KeySet(jwksUrl, (why) => {
      if (performance.now() - this.#logged < QUIET) return;
      this.#logged = performance.now();
      log.warn({ why }, 'the keys at ENCKE_JWT_JWKS_URL cannot be fetched');
    });
  }

  /** @returns undefined when the token is not good for this user. @throws KeysUnavailable */
  async verify(app: App, user: User, token: string): Promise<Token | undefined> {
    let header: JWTHeaderParameters;
    try {
      header = decodeProtectedHeader(token) as JWTHeaderParameters;
    } catch {
      return undefined;
    }
    for (const key of await this.#keys(app, header)) {
      const expires = await this.#check(app, user, token, header.alg, key);
      if (expires === 'signature') continue;
      return expires === undefined ? undefined : { digest: tokenDigest(token), expires };
    }
    return undefined;
  }

  /** Those that may have signed it, by its algorithm alone. */
  async #keys(app: App, header: JWTHeaderParameters): Promise<readonly Key[]> {
    switch (header.alg) {
      case 'HS256':
        return this.#settings.apiKeys.map((password) => Buffer.from(`${password}${app}`));
      case 'RS256':
      case 'ES256':
        if (this.#publicKey) return this.#publicKey.alg === header.alg ? [this.#publicKey.key] : [];
        return this.#keySet?.find(header) ?? [];
      default:
        return [];
    }
  }

  /** When it expires (ms); undefined: it is not good; `signature`: another key may have signed it. */
  async #check(
    app: App,
    user: User,
    token: string,
    alg: string,
    key: Key,
  ): Promise<number | 'signature' | undefined> {
    const { audience, issuer } = this.#settings.jwt;
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [alg],
        requiredClaims: ['exp'],
        clockTolerance: AHEAD,
        ...(audience !== undefined && { audience }),
        ...(issuer !== undefined && { issuer }),
      });
      // [T2] That is for `nbf` only.
      const { exp = 0 } = payload;
      if (exp <= Math.floor(Date.now() / 1000)) return undefined;
      // [T2] A JSON number: the text "7" is another claim.
      if (payload.user_id !== user) return undefined;
      // The secret of HS256 is that of one app; an identity provider signs for all of them.
      const named = alg === 'HS256' ? undefined : payload.app_id;
      if (named !== undefined && named !== app) return undefined;
      return Math.min(exp * 1000, LATEST);
    } catch (error) {
      return error instanceof errors.JWSSignatureVerificationFailed ? 'signature' : undefined;
    }
  }
}
