import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from './failure.ts';
import { makeStateFolder } from './state-folder.ts';

export type Env = Readonly<Record<string, string | undefined>>;

const file = (folder: string) => join(folder, 'api-key');

function stored(folder: string): string | undefined {
  try {
    return readFileSync(file(folder), 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

function create(folder: string): string {
  makeStateFolder(folder);
  const draft = `${file(folder)}.${process.pid}`;
  writeFileSync(draft, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  try {
    // Of two processes that start at once, the second takes the key of the first, never half of it.
    linkSync(draft, file(folder));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
  const key = stored(folder);
  if (key === undefined) throw new Error(`${file(folder)} is empty: remove it`);
  return key;
}

/** The key an operator's verb uses: the first of the environment, else the one kept in `folder`. */
export const knownKey = (env: Env, folder: string): string | undefined =>
  env.ENCKE_API_KEY?.split(',')[0]?.trim() || stored(folder);

/**
 * The environment with an API key in it; in development one is made and kept when there is none. In production nobody
 * makes up a password: it is set, or nothing starts.
 */
export function withKey(env: Env, folder: string): Env {
  if (env.ENCKE_API_KEY?.trim()) return env;
  if (env.NODE_ENV === 'production')
    throw new Failure(
      'ENCKE_API_KEY must be set in production: the key that application servers send.',
      2,
    );
  return { ...env, ENCKE_API_KEY: stored(folder) ?? create(folder) };
}
