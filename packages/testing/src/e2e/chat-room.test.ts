import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { browserSkip, eventually, startBrowser } from '@encke/testing';
import type { Browser, Page } from 'playwright-core';
import { buildClient } from './pages.ts';
import { openStage, type Stage } from './stage.ts';

interface DemoAppModule {
  startDemoApp(options: {
    readonly ingest: string;
    readonly apiKey: string;
    readonly app: number;
    readonly host: string;
    readonly port: number;
  }): Promise<{ readonly port: number; stop(): Promise<void> }>;
}

const patience = { timeout: 60_000 };
let stage: Stage;
let browser: Browser;
before(async () => {
  if (browserSkip) return;
  buildClient();
  stage = await openStage({ gateways: 0, worker: true });
  // By its path: the package `encke` imports every process, and its own tests import this package.
  const path = new URL('../../../encke/src/demo-app.ts', import.meta.url).href;
  const { startDemoApp } = (await import(path)) as DemoAppModule;
  const { url: ingest, key: apiKey } = stage.api;
  const demo = await startDemoApp({ ingest, apiKey, app: 1, host: '127.0.0.1', port: 0 });
  stage.later(() => demo.stop());
  const env = { ENCKE_DEMO_URL: `http://127.0.0.1:${demo.port}` };
  await Promise.all([stage.nodes.add('gateway', env), stage.nodes.add('gateway', env)]);
  browser = await startBrowser();
  stage.later(() => browser.close());
});
after(() => stage?.close());

async function enter(page: Page, gateway: number, user: number): Promise<Page> {
  await page.goto(`http://${stage.gateway(gateway)}/demo/chat/?user=${user}`);
  await page.getByText('online', { exact: true }).waitFor({ timeout: 60_000 });
  return page;
}

const newWindow = async () => (await browser.newContext()).newPage();
const bodies = (page: Page) => page.locator('#messages .body').allTextContents();
const here = (page: Page) => page.locator('#here .who').allTextContents();

async function say(page: Page, text: string): Promise<void> {
  await page.locator('#text').pressSequentially(text);
  await page.locator('#send').click();
}

test('a room on two gateways: who is here, who types, what was said, and what a second tab sees', {
  skip: browserSkip,
}, async () => {
  const anna = await enter(await newWindow(), 0, 7);
  const ben = await enter(await newWindow(), 1, 8);
  for (const page of [anna, ben])
    await eventually(
      async () => assert.deepEqual((await here(page)).sort(), ['User 7', 'User 8']),
      patience,
    );
  const text = `hello <b>all</b>, it's "me" 🙂`;
  await anna.locator('#text').pressSequentially('h');
  await eventually(
    async () => assert.equal(await ben.locator('#typing').textContent(), 'User 7 is typing…'),
    patience,
  );
  await anna.locator('#text').fill('');
  await say(anna, text);
  await eventually(async () => assert.deepEqual(await bodies(ben), [text]), patience);
  await eventually(
    async () =>
      assert.equal(await anna.locator('#messages .badge').textContent(), '1 other connection told'),
    patience,
  );
  // A second tab of Anna shares her socket, has the history, and sees what she says in the first one.
  const tab = await enter(await anna.context().newPage(), 0, 7);
  await eventually(async () => assert.deepEqual(await bodies(tab), [text]), patience);
  assert.equal(
    await tab.locator('#socket').textContent(),
    'Another tab has the socket, this one shares it',
  );
  await say(anna, 'again');
  for (const page of [tab, ben, anna])
    await eventually(async () => assert.deepEqual(await bodies(page), [text, 'again']), patience);
  // Ben leaves: he is gone from the room, and his dot says offline.
  await say(ben, 'bye');
  await eventually(async () => assert.equal((await bodies(anna)).length, 3), patience);
  await ben.context().close();
  await eventually(async () => assert.deepEqual(await here(anna), ['User 7']), patience);
  await eventually(
    async () => assert.equal(await anna.locator('#known .quiet').textContent(), 'offline'),
    patience,
  );
  await anna.context().close();
});

test('another hash was stored for a user, or the application disconnected them: both pages offer a way back', {
  skip: browserSkip,
}, async () => {
  const page = await newWindow();
  for (const path of ['/demo/?user=9', '/demo/chat/?user=9']) {
    await page.goto(`http://${stage.gateway(0)}${path}`);
    const [online, again] = [
      page.getByText('online', { exact: true }),
      page.locator('#banner-button'),
    ];
    await online.waitFor(patience);
    await stage.api.setHash(9, 'of-another-login');
    await page.reload();
    await page.getByText('does not know this user').waitFor(patience);
    await again.click();
    await eventually(
      async () => assert.equal(await page.locator('#banner').isHidden(), true),
      patience,
    );
    // The page that was refused is online too, and stands until it is loaded anew.
    await eventually(async () => {
      const { sessions } = await stage.api.user(9);
      assert.equal(sessions.length, 1);
    }, patience);
    await online.waitFor(patience);

    await stage.api.disconnect(9);
    await page.getByText('disconnected by the application').waitFor(patience);
    await again.click();
    await online.waitFor(patience);
  }
  await eventually(async () => assert.deepEqual(await here(page), ['User 9']), patience);
  await page.context().close();
});
