/** The folder `.encke`: what this machine keeps between two starts (API key, lock, the private Redis's data). */
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from './failure.ts';

/** Three levels up from both src/ and dist/. */
const checkout = fileURLToPath(new URL('../../../', import.meta.url));

function isCheckout(folder: string): boolean {
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest)) return false;
  return JSON.parse(readFileSync(manifest, 'utf8')).name === 'encke-repository';
}

/** `chosen`, else at the root of the checkout this command runs from, else in the working directory. */
export function stateFolder(chosen?: string): string {
  if (chosen !== undefined) return resolve(chosen);
  return join(isCheckout(checkout) ? checkout : process.cwd(), '.encke');
}

/** Others on this machine have no business in it: it holds the API key and messages. */
export function makeStateFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // It may be there and another user's, as after a start with sudo.
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure(
      `Nothing can be kept in ${folder} (${code}). --state names another folder.`,
      2,
    );
  }
}
