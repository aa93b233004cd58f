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

test('in a page too an address without a scheme is no path of that page, unless it begins with a slash', () => {
  const location = { href: 'https://example.com/shop/' };
  Object.defineProperty(globalThis, 'location', { value: location, configurable: true });
  try {
    assert.equal(endpoint('/'), 'wss://example.com/v1/ws');
    assert.equal(endpoint('/push'), 'wss://example.com/push/v1/ws');
    for (const address of ['', 'push.example.com', 'push.example.com/encke'])
      assert.throws(() => endpoint(address), /^TypeError: `url` must start with https:\/\//);
  } finally {
    Reflect.deleteProperty(globalThis, 'location');
  }
});

test('gateways are taken in turn', () => {
  const endpoints = new Endpoints(['ws://a', 'ws://b', 'ws://c']);
  const seen = Array.from({ length: 6 }, () => endpoints.next());
  assert.deepEqual(new Set(seen.slice(0, 3)).size, 3);
  assert.deepEqual(seen.slice(3), seen.slice(0, 3));
  assert.throws(() => new Endpoints([]), /at least one/);
});
