import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, test } from 'node:test';
import { type Client, createClient } from './client.ts';
import type { ListenOptions } from './events.ts';
import { type ScriptedGateway, startGateway } from './gateway.fixture.ts';

let gateway: ScriptedGateway;
let client: Client;

beforeEach(async () => {
  gateway = await startGateway();
  client = createClient({ url: gateway.url, user: 7, key: 'secret' });
});

afterEach(async () => {
  client.close();
  await gateway.stop();
});

for (const [name, listen] of [
  ['client', (options: ListenOptions) => client.onMissed(() => {}, options)],
  ['channel', (options: ListenOptions) => client.channel('news').onMessage(() => {}, options)],
  ['presence', (options: ListenOptions) => client.presence(8).on(() => {}, options)],
] as const)
  test(`a registration of a ${name} that was undone leaves nothing behind at its signal`, () => {
    const { signal } = new AbortController();
    const leave = listen({ signal });
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    leave();
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

test('onAuth tells nothing to a registration that its signal has ended before', async () => {
  const visit = await gateway.visit();
  await visit.welcome();
  await new Promise((resolve) => client.onAuth(resolve));
  const told: boolean[] = [];
  client.onAuth((authorized) => told.push(authorized), { signal: AbortSignal.abort() });
  assert.deepEqual(told, []);
});

test('a channel whose handlers were all ended by their signal is unsubscribed', async () => {
  const visit = await gateway.visit();
  await visit.welcome();
  const end = new AbortController();
  const channel = client.channel('news');
  channel.onMessage(() => {}, end);
  channel.onMissed(() => {}, end);
  assert.deepEqual(await visit.next(), { type: 'subscribe', channel: 'news' });
  end.abort();
  assert.deepEqual(await visit.next(), { type: 'unsubscribe', channel: 'news' });
});
