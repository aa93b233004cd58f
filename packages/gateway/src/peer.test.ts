import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { forwardedAddress, Peers } from './peer.ts';

const request = (value: string | undefined) =>
  ({ headers: { 'x-forwarded-for': value } }) as unknown as IncomingMessage;

const cases: [header: string | undefined, hops: number, address: string][] = [
  ['203.0.113.7', 0, ''],
  [undefined, 1, ''],
  ['203.0.113.7', 1, '203.0.113.7'],
  ['6.6.6.6, 203.0.113.7', 1, '203.0.113.7'],
  ['6.6.6.6, 203.0.113.7, 10.0.0.1', 2, '203.0.113.7'],
  ['203.0.113.7', 3, '203.0.113.7'],
  ['::ffff:203.0.113.7', 1, '203.0.113.7'],
  ['2001:db8::1', 1, '2001:db8::1'],
  ['nonsense', 1, ''],
  ['203.0.113.7, ', 1, ''],
];
for (const [header, hops, address] of cases)
  test(`X-Forwarded-For ${header} behind ${hops} proxies is ${address || "the socket's own"}`, () =>
    assert.equal(forwardedAddress(request(header), hops), address));

test('sockets of equal browsers share one object; long headers are cut', () => {
  const peers = new Peers();
  const headers = { 'user-agent': 'A'.repeat(1_000), origin: 'https://a.example' };
  const one = peers.of(headers);
  assert.equal(peers.of({ ...headers }), one);
  assert.deepEqual(one, {
    agent: 'A'.repeat(256),
    origin: 'https://a.example',
    language: '',
  });
  assert.notEqual(peers.of({}), one);
});

test('peers that differ each time are not all kept', () => {
  const peers = new Peers();
  const first = peers.of({ 'user-agent': 'first' });
  for (let i = 0; i < 5_000; i += 1) peers.of({ 'user-agent': `${i}` });
  assert.notEqual(peers.of({ 'user-agent': 'first' }), first);
});
