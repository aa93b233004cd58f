import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Endpoints, endpoint } from './endpoints.ts';

for (const [address, url] of [
  ['https://push.example.com', 'wss://push.example.com/v1/ws'],
  ['http://localhost:8087', 'ws://localhost:8087/v1/ws'],
  ['ws://localhost:8087/', 'ws://localhost:8087/v1/ws'],
  ['wss://example.com/push', 'wss://example.com/push/v1/ws'],
  ['wss://example.com/push/', 'wss://example.com/push/v1/ws'],
  ['wss://example.com/v1/ws', 'wss://example.com/v1/ws'],
  ['https://example.com/push/v1/ws?zone=a#top', 'wss://example.com/push/v1/ws?zone=a'],
] as const)
  test(`${address} is ${url}`, () => assert.equal(endpoint(address), url));

for (const address of ['', '/', 'localhost:8087', 'example.com', 'ftp://example.com', 'https://'])
  test(`${JSON.stringify(address)} is refused with the rule`, () =>
    assert.throws(() => endpoint(address), /^TypeError: `url` must start with https:\/\//));

test('gateways are taken in turn', () => {
  const endpoints = new Endpoints(['ws://a', 'ws://b', 'ws://c']);
  const seen = Array.from({ length: 6 }, () => endpoints.next());
  assert.deepEqual(new Set(seen.slice(0, 3)).size, 3);
  assert.deepEqual(seen.slice(3), seen.slice(0, 3));
  assert.throws(() => new Endpoints([]), /at least one/);
});
