import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { browserSkip, deliveryFault, eventually, startBrowser } from '@encke/testing';
import type { Browser, Page } from 'playwright-core';
import { buildClient, missed, openTab, seen } from './pages.ts';
import { openStage, type Stage } from './stage.ts';

const messages = 200;

let stage: Stage;
let browser: Browser;
before(async () => {
  if (browserSkip) return;
  buildClient();
  stage = await openStage();
  browser = await startBrowser();
  stage.later(() => browser.close());
});
after(() => stage?.close());

for (const wire of ['sdk', 'old'] as const)
  for (const tabs of [1, 3])
    test(`reloading while ${messages} messages stream in loses none and doubles none (${wire}, ${tabs} tabs)`, {
      skip: browserSkip,
    }, async () => {
      const person = await stage.person();
      const context = await browser.newContext();
      const pages: Page[] = [];
      for (let i = 0; i < tabs; i += 1)
        pages.push(await openTab(context, stage.gateway(i % 2), wire, person));
      const [page] = pages;
      assert.ok(page);
      const ids: string[] = [];
      let reloading = true;
      const streaming = (async () => {
        for (let i = 0; reloading || i < messages; i += 1) {
          ids.push((await stage.api.send(person.user, { i })).id);
          await pause(10);
        }
      })();
      // Each reload begins when a part of the stream has been accepted, wherever the page is then.
      try {
        for (const part of [20, 70, 120, 170]) {
          await eventually(() => assert.ok(ids.length >= part), { every: 5 });
          await page.reload();
        }
      } finally {
        reloading = false;
      }
      await streaming;
      for (const one of pages) {
        await eventually(async () => assert.equal(deliveryFault(ids, await seen(one)), undefined));
        assert.equal(await missed(one), 0);
      }
      await eventually(async () => assert.deepEqual(await stage.api.undelivered(person.user), []));
      await context.close();
    });
