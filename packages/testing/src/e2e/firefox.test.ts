import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import {
  eventually,
  type Firefox,
  type FirefoxTab,
  firefoxSkip,
  freePort,
  startFirefox,
} from '@encke/testing';
import { buildClient, sdkPage } from './pages.ts';
import { openStage, type Stage } from './stage.ts';

const patience = { timeout: 60_000 };
let stage: Stage;
let firefox: Firefox;
before(async () => {
  if (firefoxSkip) return;
  buildClient();
  stage = await openStage({ gateways: 1, worker: true });
  firefox = await startFirefox();
  stage.later(() => firefox.close());
});
after(() => stage?.close());

/** A site of its own, because nobody answers for Firefox's requests in its place. */
async function openSite(html: string): Promise<string> {
  const port = await freePort();
  const site = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end(html);
  }).listen(port, '127.0.0.1');
  stage.later(() => {
    site.closeAllConnections();
    site.close();
  });
  return `http://127.0.0.1:${port}/`;
}

test('Firefox: tabs share a socket, take it over, and resume after a reload', {
  skip: firefoxSkip,
}, async () => {
  const person = await stage.person();
  const url = await openSite(sdkPage(person, `http://${stage.gateway()}`));
  const open = async (): Promise<FirefoxTab> => {
    const tab = await firefox.newTab();
    await tab.goto(url);
    await eventually(async () => assert.equal(await tab.evaluate('authorized'), true), patience);
    return tab;
  };
  const [first, second, third] = [await open(), await open(), await open()];
  const holds = (tab: FirefoxTab) => tab.evaluate<boolean>('client.holdsSocket');
  assert.deepEqual(await Promise.all([first, second, third].map(holds)), [true, false, false]);
  const sockets = async () => (await stage.process().metrics()).get('encke_connections');
  await eventually(async () => assert.equal(await sockets(), 1), patience);
  const ids: string[] = [];
  const send = async (count: number) => {
    for (let i = 0; i < count; i += 1) ids.push((await stage.api.send(person.user, i)).id);
  };
  const assertSeen = (tab: FirefoxTab) =>
    eventually(async () => assert.deepEqual(await tab.evaluate('seen'), ids), patience);
  await send(10);
  for (const tab of [first, second, third]) await assertSeen(tab);
  const leaving = first.close();
  await send(10);
  await leaving;
  for (const tab of [second, third]) await assertSeen(tab);
  const reloading = third.goto(url);
  await send(10);
  await reloading;
  for (const tab of [second, third]) {
    await assertSeen(tab);
    assert.equal(await tab.evaluate('missed'), 0);
  }
  await eventually(async () => assert.equal(await sockets(), 1), patience);
});
