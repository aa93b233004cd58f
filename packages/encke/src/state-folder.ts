/** The folder `.encke`: what this machine keeps between two starts (API key, lock, the private Redis's data). */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

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
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}
