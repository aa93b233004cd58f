import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eventually } from '@encke/testing';
import type { BrowserContext, Page } from 'playwright-core';
import type { Person } from './stage.ts';

const client = new URL('../../../client/', import.meta.url);

/** The gateway serves the SDK from its build. */
export function buildClient(): void {
  if (existsSync(new URL('dist/browser/client.mjs', client))) return;
  execFileSync(process.execPath, [fileURLToPath(new URL('bin/build.mjs', client))]);
}

/** What an app has seen survives a reload, as a page's own storage would. */
const memory = `
  const seen = JSON.parse(sessionStorage.getItem('seen') ?? '[]');
  globalThis.seen = seen;
  globalThis.missed = 0;
  globalThis.authorized = undefined;
  const see = (id) => {
    seen.push(id);
    sessionStorage.setItem('seen', JSON.stringify(seen));
  };`;

/** A page of a site that uses the SDK, of this gateway or of the one that served the page. */
export const sdkPage = (
  { user, key }: Person,
  gateway = '',
) => `<!doctype html><meta charset="utf-8"><title>SDK</title>
<script type="module">
  import { createClient } from '${gateway}/client.mjs';
  ${memory}
  const client = createClient({ url: '${gateway}/', app: 1, user: ${user}, key: '${key}' });
  globalThis.client = client;
  client.onMessage('*', ({ id }) => see(id));
  client.onMissed(() => { globalThis.missed += 1; });
  client.onAuth((authorized) => { globalThis.authorized = authorized; });
</script>`;

/** A page that speaks the old wire by hand, as the old script does: it keeps its uuid and drops what it has seen. */
const oldPage = ({ user, key }: Person) => `<!doctype html><meta charset="utf-8"><title>old</title>
<script>
  ${memory}
  localStorage.uuid ??= crypto.randomUUID().replaceAll('-', '');
  const connect = () => {
    const socket = new WebSocket('ws://' + location.host + '/ws/sesion=${key}&myid=${user}&devid=1&v=4.0&uuid='
      + localStorage.uuid + '&api=js');
    socket.onmessage = ({ data }) => {
      for (const line of data.split('\\n')) {
        const frame = JSON.parse(line);
        if (frame.event === 'serverInfo') globalThis.authorized = frame.authorized;
        if (frame.pipe === 'msg' && !seen.includes(frame.uuid)) see(frame.uuid);
      }
    };
    socket.onclose = ({ wasClean }) => {
      if (!wasClean) setTimeout(connect, 300 + Math.random() * 700);
    };
  };
  connect();
</script>`;

/** A page's own view, read from outside. */
interface Globals {
  seen: string[];
  missed: number;
  authorized: boolean | undefined;
}

export const seen = (page: Page): Promise<string[]> =>
  page.evaluate(() => (globalThis as unknown as Globals).seen);

export const missed = (page: Page): Promise<number> =>
  page.evaluate(() => (globalThis as unknown as Globals).missed);

/** Opens a tab on a gateway and waits until it is authorised. */
export async function openTab(
  context: BrowserContext,
  address: string,
  wire: 'sdk' | 'old',
  person: Person,
): Promise<Page> {
  const url = `http://${address}/e2e/${wire}-${person.user}`;
  await context.route(url, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: wire === 'sdk' ? sdkPage(person) : oldPage(person),
    }),
  );
  const page = await context.newPage();
  await page.goto(url);
  await eventually(async () => {
    const authorized = await page.evaluate(() => (globalThis as unknown as Globals).authorized);
    if (authorized !== true) throw new Error(`the page's authorized is ${authorized}`);
  });
  return page;
}
