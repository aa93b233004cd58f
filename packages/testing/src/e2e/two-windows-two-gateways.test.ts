import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { browserSkip, eventually, startBrowser } from '@encke/testing';
import type { Browser, Page } from 'playwright-core';
import { buildClient } from './pages.ts';
import { openStage, type Stage } from './stage.ts';

interface DemoApp {
  readonly port: number;
  stop(): Promise<void>;
}
interface DemoAppModule {
  startDemoApp(options: {
    readonly ingest: string;
    readonly apiKey: string;
    readonly app: number;
    readonly host: string;
    readonly port: number;
  }): Promise<DemoApp>;
}

let stage: Stage;
let browser: Browser;
before(async () => {
  if (browserSkip) return;
  buildClient();
  stage = await openStage({ gateways: 0 });
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

/** A browser window of its own: nothing is shared with the others. */
async function openWindow(gateway: number, user: number): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await openDemo(page, gateway, user);
  return page;
}

async function openDemo(page: Page, gateway: number, user: number): Promise<void> {
  await page.goto(`http://${stage.gateway(gateway)}/demo/?user=${user}`);
  await page.getByText('authorised', { exact: true }).waitFor();
  assert.equal(await page.locator('#user').textContent(), String(user));
}

async function write(page: Page, to: number, text: string): Promise<void> {
  await page.locator('#to').fill(String(to));
  await page.locator('#text').fill(text);
  await page.locator('#send').click();
}

const lines = (page: Page, kind: 'in' | 'out') =>
  page.locator(`#messages > [data-kind=${kind}] .body`).allTextContents();
const badge = (page: Page) => page.locator('#messages > li:last-child .badge').textContent();

test('two users in two windows on different gateways write to each other', {
  skip: browserSkip,
}, async () => {
  const [anna, ben] = [await openWindow(0, 7), await openWindow(1, 8)];
  for (const [i, page] of [anna, ben].entries())
    assert.equal(await page.locator('#node').textContent(), stage.process(i).node);
  assert.notEqual(stage.process(0).node, stage.process(1).node);

  const text = `hello <b>Ben</b>, it's "me" & 🙂`;
  await write(anna, 8, text);
  await eventually(async () => assert.deepEqual(await lines(ben, 'in'), [text]));
  await eventually(async () => assert.equal(await badge(anna), '1 device told'));
  await write(ben, 7, 'hello Anna');
  await eventually(async () => assert.deepEqual(await lines(anna, 'in'), ['hello Anna']));
  assert.deepEqual(await lines(anna, 'out'), [text]);

  // Ben's window closes, and what Anna writes waits for him.
  const context = ben.context();
  await ben.close();
  await eventually(async () => assert.deepEqual((await stage.api.user(8)).sessions, []));
  await write(anna, 8, 'are you there?');
  await eventually(async () => assert.equal(await badge(anna), 'waiting in the inbox'));
  const again = await context.newPage();
  await openDemo(again, 0, 8);
  await eventually(async () => assert.deepEqual(await lines(again, 'in'), ['are you there?']));
  assert.equal(await badge(again), 'waited in the inbox');

  // A reload stays the same user and shows what was said.
  await anna.reload();
  await anna.getByText('authorised', { exact: true }).waitFor();
  assert.deepEqual(await lines(anna, 'in'), ['hello Anna']);
  assert.deepEqual(await lines(anna, 'out'), [text, 'are you there?']);
  await Promise.all([anna.context().close(), context.close()]);
});

test('a user with three tabs of the demo sees each message in each of them', {
  skip: browserSkip,
}, async () => {
  const sender = await openWindow(0, 10);
  const first = await openWindow(0, 11);
  const tabs = [first, await first.context().newPage(), await first.context().newPage()];
  await openDemo(tabs[1] as Page, 1, 11);
  await openDemo(tabs[2] as Page, 0, 11);
  // Two of them are of one origin, and share a socket.
  await write(sender, 11, 'one');
  await eventually(async () => assert.equal(await badge(sender), '2 devices told'));
  await write(sender, 11, 'two');
  for (const tab of tabs)
    await eventually(async () => assert.deepEqual(await lines(tab, 'in'), ['one', 'two']));
  await Promise.all([sender.context().close(), first.context().close()]);
});

test('a link to the demo may name another gateway, but on no other host: it would be shown the key', {
  skip: browserSkip,
}, async (t) => {
  let visits = 0;
  const stranger = createServer((socket) => {
    visits += 1;
    socket.destroy();
  }).listen(0, 'localhost');
  await once(stranger, 'listening');
  t.after(() => stranger.close());
  const { port } = stranger.address() as AddressInfo;
  const own = stage.gateway(0);
  const page = await (await browser.newContext()).newPage();
  const nodeAt = async (gateway: string) => {
    const query = new URLSearchParams({ user: '12', gateway });
    await page.goto(`http://${own}/demo/?${query}`);
    await page.getByText('authorised', { exact: true }).waitFor({ timeout: 10_000 });
    return page.locator('#node').textContent();
  };
  assert.equal(await nodeAt(stage.gateway(1)), stage.process(1).node);
  for (const host of [`localhost:${port}`, `${own}@localhost:${port}`, ':', ''])
    assert.equal(await nodeAt(host), stage.process(0).node, host);
  assert.equal(visits, 0);
  await page.context().close();
});
