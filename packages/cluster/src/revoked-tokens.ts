/**
 * Tokens (JWTs) that are no longer good although they have not expired. They lie in the partition of the user they are
 * for, so that the scripts which let a session in see them. Kept until the token has expired, a day at least; 90 days
 * when it never expires.
 */
import { createHash } from 'node:crypto';
import type { App, User } from '@encke/protocol';
import { isFault, parseUser } from '@encke/protocol';
import type { Context } from './context.ts';
import { runGuarded } from './guarded.ts';
import { PARTITIONS, partitionOf, target } from './keys.ts';
import { scripts } from './scripts.ts';

/**
 * What a token is known by: the SHA-256 of what is signed. Not of the signature: the same one can be written in several
 * ways, and of an ECDSA signature anybody can make another good one, so a revoked token would come in again.
 */
export function tokenDigest(token: string): string {
  // With the last dot: `a.b` is no writing of `a.b.c`.
  const signed = /^([^.]+\.[^.]+\.)[^.]*$/.exec(token)?.[1] ?? token;
  return createHash('sha256').update(signed).digest('base64url');
}

interface Claims {
  /** 0: cannot be read; no session lives on such a token. */
  readonly user: User | 0;
  /** Milliseconds; undefined when it has none. */
  readonly expires: number | undefined;
}

/** The largest time there is. */
const LATEST = 8.64e15;

/** What a token says of itself, without looking at its signature. */
function read(token: string): Claims {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
    const { user_id, exp } = JSON.parse(payload) as Record<string, unknown>;
    const user = typeof user_id === 'number' ? parseUser(user_id) : undefined;
    return {
      user: user === undefined || isFault(user) ? 0 : user,
      expires: typeof exp === 'number' ? Math.max(0, Math.min(exp * 1000, LATEST)) : undefined,
    };
  } catch {
    return { user: 0, expires: undefined };
  }
}

export class RevokedTokens {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  #place(app: App, user: User | 0) {
    const { keys } = this.#context;
    const name = target(app, user as User);
    const partition = partitionOf(name);
    return { name, partition, ...keys.revoked(partition, app) };
  }

  /** Refused from now on, and the live sessions that live on it are closed, on every node. */
  async revoke(app: App, token: string): Promise<void> {
    const { keys } = this.#context;
    const { user, expires } = read(token);
    const { name, partition, tokens, ends } = this.#place(app, user);
    const digest = tokenDigest(token);
    const names = [keys.user(name, partition).sessions, tokens, ends];
    await runGuarded(this.#context, scripts.revoke, partition, names, [
      digest,
      token,
      expires ?? '',
      keys.bus(partition),
      `r ${name} ${digest}`,
    ]);
  }

  /** The tokens stored: that one, or all of the app. */
  async list(app: App, token?: string): Promise<string[]> {
    const { commands, keys } = this.#context;
    if (token !== undefined) {
      const { tokens, ends } = this.#place(app, read(token).user);
      const found = await commands.run(scripts.readRevoked, [tokens, ends], [tokenDigest(token)]);
      return found as string[];
    }
    const lists = await Promise.all(
      Array.from({ length: PARTITIONS }, (_, partition) => {
        const { tokens, ends } = keys.revoked(partition, app);
        return commands.run(scripts.readRevoked, [tokens, ends], ['']);
      }),
    );
    return (lists as string[][]).flat();
  }

  /** @returns whether it was revoked. */
  async unrevoke(app: App, token: string): Promise<boolean> {
    const { partition, tokens, ends } = this.#place(app, read(token).user);
    const digest = tokenDigest(token);
    const names = [tokens, ends];
    const values = await runGuarded(this.#context, scripts.unrevoke, partition, names, [digest]);
    return values[1] === 1;
  }
}
