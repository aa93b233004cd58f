import { createHmac, type KeyObject, sign } from 'node:crypto';

export interface TokenSigner {
  /** What the header says; HS256 unless told. */
  readonly alg?: string;
  readonly kid?: string;
  /** The secret of an HMAC, or a private key. */
  readonly key: string | KeyObject;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function signature(alg: string, key: string | KeyObject, text: string): Buffer {
  if (alg === 'none') return Buffer.alloc(0);
  const bytes = Buffer.from(text);
  if (typeof key === 'string') {
    return createHmac(alg === 'HS512' ? 'sha512' : 'sha256', key)
      .update(bytes)
      .digest();
  }
  return sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' });
}

/** A JWT, made by hand so that a test may also make bad ones. */
export function signToken(claims: unknown, { alg = 'HS256', kid, key }: TokenSigner): string {
  const head = encode({ alg, typ: 'JWT', ...(kid !== undefined && { kid }) });
  const text = `${head}.${encode(claims)}`;
  return `${text}.${signature(alg, key, text).toString('base64url')}`;
}

/** Unix seconds, as the claims of a token have them. */
export const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;
