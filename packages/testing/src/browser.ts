import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Browser } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Where Chromium is; undefined: this machine has none. */
export function browserProgram(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin'];
  for (const name of names)
    for (const folder of folders) if (existsSync(join(folder, name))) return join(folder, name);
  return undefined;
}

/** For `test(…, { skip })`: why browser tests cannot run here, or false. */
export const browserSkip: string | false =
  browserProgram() === undefined ? 'no Chromium on PATH' : false;

/** A headless Chromium that speaks to nobody but our own pages. `close()` ends it. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = browserProgram();
  if (executablePath === undefined) throw new Error('no Chromium on PATH');
  // Imported on demand: it is large, and few tests need it.
  const { chromium } = await import('playwright-core');
  return chromium.launch({
    executablePath,
    args: [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // A page that a test answers itself has no address of its own, so Chromium would not let it reach loopback.
      '--disable-features=LocalNetworkAccessChecks',
    ],
  });
}
