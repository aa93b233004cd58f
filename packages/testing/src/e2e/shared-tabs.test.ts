import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { browserSkip, eventually, startBrowser } from '@encke/testing';
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import { buildClient, missed, openTab, seen } from './pages.ts';
import { openStage, type Person, type Stage } from './stage.ts';

const patience = { timeout: 60_000 };

let stage: Stage;
let browser: Browser;
let context: BrowserContext;
before(async () => {
  if (browserSkip) return;
  buildClient();
  stage = await openStage({ gateways: 1, worker: true });
  browser = await startBrowser();
  stage.later(() => browser.close());
});
after(() => stage?.close());
afterEach(() => context?.close());

const sockets = async (): Promise<number> =>
  (await stage.process().metrics()).get('encke_connections') ?? 0;

async function openTabs(person: Person, count: number): Promise<Page[]> {
  context = await browser.newContext();
  const tabs: Page[] = [];
  for (let i = 0; i < count; i += 1)
    tabs.push(await openTab(context, stage.gateway(), 'sdk', person));
  return tabs;
}

const holds = (page: Page): Promise<boolean> =>
  page.evaluate(
    () => (globalThis as unknown as { client: { holdsSocket: boolean } }).client.holdsSocket,
  );

const authorized = (page: Page, expected = true): Promise<void> =>
  eventually(
    async () => assert.equal(await page.evaluate('client.authorized'), expected),
    patience,
  );

/** What each tab hears of the channel. */
async function listen(tabs: readonly Page[]): Promise<void> {
  for (const tab of tabs) {
    await tab.evaluate(`globalThis.news = [];
      client.channel('news').onMessage(({ data }) => news.push(data));
      client.channel('news').onMissed(() => news.push('missed'));
      new Promise((resolve) => client.channel('news').listen('subscribed', () => resolve()));`);
  }
}

/** Sends one message after another until it is stopped, some to the channel too; the ids are in the order of the server. */
function stream(user: number, channel?: number[]) {
  const ids: string[] = [];
  let over = false;
  const done = (async () => {
    while (!over) {
      ids.push((await stage.api.send(user, ids.length)).id);
      if (channel && ids.length % 5 === 0) {
        channel.push(ids.length);
        await stage.api.call('POST', '/channels/news/messages', { data: ids.length });
      }
      // Slower than the inbox's cap in the time that a frozen holder takes to be noticed.
      await pause(40);
    }
  })();
  return {
    ids,
    stop: async () => {
      over = true;
      await done;
      return ids;
    },
    grown: (by: number) => {
      const from = ids.length;
      return eventually(
        () => assert.ok(ids.length >= from + by, 'the stream stands still'),
        patience,
      );
    },
  };
}

test('five tabs, one socket: each message once in each of them, and one of them holds it', {
  skip: browserSkip,
}, async () => {
  const person = await stage.person();
  const tabs = await openTabs(person, 5);
  assert.equal(await sockets(), 1);
  assert.deepEqual(await Promise.all(tabs.map(holds)), [true, false, false, false, false]);
  const sent = stream(person.user);
  await sent.grown(30);
  const ids = await sent.stop();
  for (const tab of tabs) await assertSeen(tab, ids);
  // All of them have handled all, so nothing is left to deliver.
  await eventually(async () => assert.deepEqual(await stage.api.undelivered(person.user), []));
  assert.equal(await sockets(), 1);
});

/** The tab's handlers have had exactly these, in this order. */
async function assertSeen(tab: Page, ids: readonly string[]): Promise<void> {
  await eventually(async () => {
    const had = await seen(tab);
    const odd = ids.findIndex((id, i) => had[i] !== id);
    const text = `${had.length} of ${ids.length} messages; at ${odd} ${had[odd]} instead of ${ids[odd]}`;
    assert.ok(had.length === ids.length && odd < 0, text);
  }, patience);
}

/** The page runs nothing more until `resume`, and hears nothing of it: so does a computer that sleeps, or a dialog that waits. */
const halt = async (cdp: CDPSession) => {
  await cdp.send('Debugger.enable');
  await cdp.send('Debugger.pause');
};
const tell = (page: Page, event: string) =>
  page.evaluate(`document.dispatchEvent(new Event('${event}'))`);

/** Chromium itself freezes hidden pages alone, and one that Playwright drives is never hidden: so the event is our own. */
const ends: Record<string, (page: Page, cdp: CDPSession) => Promise<unknown>> = {
  closed: (page) => page.close(),
  frozen: (page, cdp) => tell(page, 'freeze').then(() => halt(cdp)),
  halted: (_page, cdp) => halt(cdp),
  crashed: async (_page, cdp) => {
    // No answer comes from a page that crashes.
    cdp.send('Page.crash').catch(() => {});
  },
};

for (const [name, end] of Object.entries(ends))
  test(`the holder is ${name} in the middle of a stream: the others have each message once, in order, of channels too`, {
    skip: browserSkip,
  }, async () => {
    const person = await stage.person();
    const tabs = await openTabs(person, 5);
    const [holder, ...others] = tabs;
    assert.ok(holder);
    await stage.api.call('PUT', '/channels/news/settings', { history: 99 });
    await listen(tabs);
    const cdp = await context.newCDPSession(holder);
    const news: number[] = [];
    const sent = stream(person.user, news);
    await sent.grown(20);
    await end(holder, cdp);
    await eventually(async () => {
      assert.equal((await Promise.all(others.map(holds))).filter(Boolean).length, 1);
    }, patience);
    await sent.grown(20);
    const ids = await sent.stop();
    for (const tab of others) {
      await assertSeen(tab, ids);
      assert.equal(await missed(tab), 0);
      await eventually(async () => assert.deepEqual(await tab.evaluate('news'), news), patience);
    }
    if (name === 'frozen' || name === 'halted') {
      await cdp.send('Debugger.disable');
      if (name === 'frozen') await tell(holder, 'resume');
      // It stands down, and has nothing twice.
      await assertSeen(holder, ids);
      await eventually(async () => assert.equal(await holds(holder), false), patience);
      assert.equal(await missed(holder), 0);
      await eventually(async () => assert.deepEqual(await holder.evaluate('news'), news), patience);
    }
    await eventually(async () => assert.equal(await sockets(), 1), patience);
  });

test('a page that makes its client twice, as React does in development: the first one keeps no lock', {
  skip: browserSkip,
}, async () => {
  const { user, key } = await stage.person();
  context = await browser.newContext();
  const url = `http://${stage.gateway()}/e2e/twice`;
  const html = `<!doctype html><script type="module">
    import { createClient } from '/client.mjs';
    const create = () => createClient({ app: 1, user: ${user}, key: '${key}' });
    create().close();
    globalThis.client = create();
  </script>`;
  await context.route(url, (route) => route.fulfill({ contentType: 'text/html', body: html }));
  const page = await context.newPage();
  await page.goto(url);
  await authorized(page);
  // That of those who share, and the tab's own.
  assert.equal(await page.evaluate('navigator.locks.query().then(({ held }) => held.length)'), 2);
});

test('the key of the holder’s page is no good: that of a tab which opens later is used for all', {
  skip: browserSkip,
}, async () => {
  const person = await stage.person();
  const [good] = await openTabs(person, 1);
  assert.ok(good);
  const url = good.url();
  await good.close();
  const stale = await context.newPage();
  // The page of a user whose key has changed since it was loaded.
  await context.route(url, async (route) => {
    const fresh = route.request().frame().page() !== stale;
    const html = `<!doctype html><script type="module">
      import { createClient } from '/client.mjs';
      const client = createClient({ app: 1, user: ${person.user}, getKey: () => '${fresh ? person.key : 'old'}' });
      globalThis.client = client;
    </script>`;
    await route.fulfill({ contentType: 'text/html', body: html });
  });
  await stale.goto(url);
  await authorized(stale, false);
  const tab = await context.newPage();
  await tab.goto(url);
  for (const page of [stale, tab]) await authorized(page);
  assert.deepEqual([await holds(stale), await holds(tab)], [true, false]);
  await eventually(async () => assert.equal(await sockets(), 1), patience);
});

test('a tab with the script and one with the module share a socket, and each has its questions answered by the other', {
  skip: browserSkip,
}, async () => {
  const person = await stage.person();
  const [first] = await openTabs(person, 1);
  assert.ok(first);
  const url = `http://${stage.gateway()}/e2e/script`;
  const html = `<!doctype html><script src="/client.js"></script><script>
    globalThis.client = Encke.createClient({ app: 1, user: ${person.user}, key: '${person.key}' });
  </script>`;
  await context.route(url, (route) => route.fulfill({ contentType: 'text/html', body: html }));
  const script = await context.newPage();
  const assertAnswered = async (tab: Page, holder: boolean) => {
    await authorized(tab);
    assert.equal(await holds(tab), holder);
    assert.equal(await tab.evaluate(`client.channel('web_room').publish('said', 1)`), 0);
  };
  await script.goto(url);
  await assertAnswered(script, false);
  const module = await context.newPage();
  await first.close();
  await eventually(async () => assert.equal(await holds(script), true), patience);
  await module.goto(first.url());
  await assertAnswered(module, false);
});
