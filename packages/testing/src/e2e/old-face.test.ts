import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { browserSkip, eventually, startBrowser } from '@encke/testing';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { buildClient } from './pages.ts';
import { openStage, type Person, type Stage } from './stage.ts';

const patience = { timeout: 60_000 };
let stage: Stage;
let browser: Browser;
before(async () => {
  if (browserSkip) return;
  buildClient();
  stage = await openStage({ worker: true });
  browser = await startBrowser();
  stage.later(() => browser.close());
});
after(() => stage?.close());

/** A site's page, which knows nothing but the old names. */
const html = ({
  user,
  key,
}: Person) => `<!doctype html><meta charset="utf-8"><title>old face</title>
<script src="/CometServerApi.js"></script>
<script>
  const heard = [];
  const hear = (name) => ({ data, server_info }) =>
    heard.push([name, server_info.pipe, server_info.event, data, server_info.user_id, server_info.history]);
  const api = CometServer();
  api.start({ dev_id: 1, user_id: ${user}, user_key: '${key}', node: location.host });
  api.subscription('msg.paid', hear('msg'));
  api.subscription('web_room', hear('room'));
  api.subscription('track_room.subscription', hear('track'));
  api.subscription('_answer_to_web_room', hear('answer'));
  api.onAuthSuccess(() => { globalThis.signedIn = true; });
  api.onAuthFalill(() => { globalThis.signedIn = false; });
  const ask = (name, ...args) => new Promise((resolve) => api[name](...args, ({ data }) => resolve(data)));
</script>`;

async function open(context: BrowserContext, gateway: number, person: Person): Promise<Page> {
  const url = `http://${stage.gateway(gateway)}/e2e/old-face-${person.user}`;
  await context.route(url, (route) =>
    route.fulfill({ contentType: 'text/html', body: html(person) }),
  );
  const page = await context.newPage();
  await page.goto(url);
  await eventually(async () => assert.equal(await page.evaluate('signedIn'), true), patience);
  return page;
}

type Heard = [name: string, pipe: string, event: string, data: unknown, user?: number];
const heard = async (page: Page, name: string): Promise<unknown[]> =>
  ((await page.evaluate('heard')) as Heard[])
    .filter(([one]) => one === name)
    .map(([, ...it]) => it);

test('a page of the old script, word for word, on two gateways and in two tabs', {
  skip: browserSkip,
}, async () => {
  const [anna, ben] = await stage.people(2);
  assert.ok(anna && ben);
  await stage.api.call('PUT', '/channels/web_room/settings', { history: 10 });
  await stage.api.call('PUT', `/users/${anna.user}/data`, { data: { name: 'Anna' } });
  const context = await browser.newContext();
  const page = await open(context, 0, anna);
  const tab = await open(context, 0, anna);
  const other = await open(await browser.newContext(), 1, ben);
  assert.deepEqual(
    [await page.evaluate('api.isMaster()'), await tab.evaluate('api.isMaster()')],
    [true, false],
  );
  assert.equal(await page.evaluate('api.getUUID()'), await tab.evaluate('api.getUUID()'));
  assert.notEqual(await page.evaluate('api.getTabUUID()'), await tab.evaluate('api.getTabUUID()'));

  await stage.api.send(anna.user, '{"order":1}', { event: 'paid' });
  for (const one of [page, tab])
    await eventually(
      async () =>
        assert.deepEqual(await heard(one, 'msg'), [
          ['msg', 'paid', { order: 1 }, undefined, false],
        ]),
      patience,
    );
  for (const one of [page, tab])
    await eventually(async () => assert.equal((await heard(one, 'track')).length, 1), patience);

  // From the tab that has no socket of its own: the other tab and the other browser hear it, itself the answer.
  await tab.evaluate(`api.web_pipe_send('web_room', 'hi', { n: 1 })`);
  for (const one of [page, other])
    await eventually(
      async () =>
        assert.deepEqual(await heard(one, 'room'), [
          ['web_room', 'hi', { n: 1 }, anna.user, false],
        ]),
      patience,
    );
  await eventually(
    async () =>
      assert.deepEqual(await heard(tab, 'answer'), [
        [
          '_answer_to_web_room',
          'answer',
          { message: { n: 1 }, number_messages: 1 },
          undefined,
          false,
        ],
      ]),
    patience,
  );
  assert.deepEqual(await tab.evaluate(`ask('count_users_in_pipe', 'web_room')`), {
    user_in_pipe: 2,
  });
  const users = (await tab.evaluate(`ask('getTrackPipeUsers', 'track_room')`)) as {
    user_id: number;
  }[];
  assert.deepEqual(users.map(({ user_id }) => user_id).sort(), [anna.user, ben.user].sort());
  assert.deepEqual(await other.evaluate(`ask('getUserData', ${anna.user})`), {
    user_data: '{"name":"Anna"}',
    user_id: anna.user,
  });
  assert.deepEqual(await other.evaluate(`ask('get_pipe_log', 'web_room')`), { n: 1 });
  await eventually(
    async () =>
      assert.deepEqual((await heard(other, 'room')).at(-1), [
        'web_room',
        'hi',
        { n: 1 },
        anna.user,
        true,
      ]),
    patience,
  );
});
