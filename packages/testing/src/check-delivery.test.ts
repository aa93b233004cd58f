import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDelivery, deliveryFault } from './check-delivery.ts';
import { parseMetrics } from './samples.ts';

test('lost, doubled, strange and swapped messages are told apart', () => {
  assert.equal(deliveryFault(['a', 'b'], ['a', 'b']), undefined);
  assert.match(deliveryFault(['a', 'b', 'c'], ['a', 'c']) ?? '', /has 2 of 3; lost: b$/);
  assert.match(deliveryFault(['a', 'b'], ['a', 'b', 'a']) ?? '', /twice: a$/);
  assert.match(deliveryFault(['a'], ['a', 'x']) ?? '', /not expected: x$/);
  assert.match(deliveryFault(['a', 'b'], ['b', 'a']) ?? '', /order: at 0 came b instead of a$/);
  const expected = new Map([[7, ['a']]]);
  checkDelivery(expected, [{ user: 7, device: 'd', received: ['a'] }]);
  assert.throws(() => checkDelivery(expected, [{ user: 7, device: 'd', received: [] }]), /lost: a/);
});

test('metrics are summed over the labels that were not asked for', () => {
  const samples = parseMetrics('# HELP a b\na{x="1",y="q\\"r"} 2\na{x="2"} 3.5\nb 1e3\n');
  assert.equal(samples.get('a'), 5.5);
  assert.equal(samples.get('a', { x: '1' }), 2);
  assert.equal(samples.get('b'), 1000);
  assert.equal(samples.get('c'), undefined);
});
