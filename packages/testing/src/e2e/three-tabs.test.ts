import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { browserSkip, eventually, startBrowser } from '@encke/testing';
import type { Browser } from 'playwright-core';
import { buildClient, missed, openTab, seen } from './pages.ts';
import { openStage, type Stage } from './stage.ts';

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
  test(`a user with three tabs gets each message in each of them (${wire})`, {
    skip: browserSkip,
  }, async () => {
    const person = await stage.person();
    const context = await browser.newContext();
    const tabs = [
      await openTab(context, stage.gateway(0), wire, person),
      await openTab(context, stage.gateway(0), wire, person),
      await openTab(context, stage.gateway(1), wire, person),
    ];
    // The first two are of one origin: with the SDK they share a socket.
    const sessions = wire === 'sdk' ? 2 : 3;
    const ids: string[] = [];
    for (let i = 0; i < 20; i += 1) {
      const sent = await stage.api.send(person.user, { i });
      assert.equal(sent.sessions, sessions);
      ids.push(sent.id);
    }
    for (const tab of tabs) await eventually(async () => assert.deepEqual(await seen(tab), ids));
    // One of them goes; the others do not care, and a new one starts after what was confirmed.
    await tabs[0]?.close();
    await eventually(async () =>
      assert.equal((await stage.api.user(person.user)).sessions.length, 2),
    );
    await eventually(async () => assert.deepEqual(await stage.api.undelivered(person.user), []));
    const [, second, third] = tabs;
    assert.ok(second && third);
    const last = await stage.api.send(person.user, 'last');
    for (const tab of [second, third]) {
      await eventually(async () => assert.deepEqual(await seen(tab), [...ids, last.id]));
      assert.equal(await missed(tab), 0);
    }
    await context.close();
  });
