import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJson } from './json-body.ts';
import { isProblem } from './problem.ts';

const detail = (bytes: Buffer): string => {
  const parsed = parseJson(bytes);
  assert.ok(isProblem(parsed));
  assert.equal(parsed.status, 400);
  assert.equal(parsed.field, 'body');
  return parsed.detail;
};

test('a body that is not UTF-8 and one that is not JSON are told apart, without an echo', () => {
  const cases: readonly [bytes: Buffer, rule: string][] = [
    [Buffer.from([0x22, 0xff, 0x22]), '`body` must be valid UTF-8'],
    [Buffer.from([0x22, 0xc3, 0x22]), '`body` must be valid UTF-8'],
    [Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), '`body` must be valid UTF-8'],
    [Buffer.from('secret'), '`body` must be valid JSON'],
    [Buffer.from('{"data":1'), '`body` must be valid JSON'],
    [Buffer.from("{'data':1}"), '`body` must be valid JSON'],
    [Buffer.from('{"data":NaN}'), '`body` must be valid JSON'],
    [Buffer.from('\ufeff{}'), '`body` must be valid JSON'],
    [Buffer.from(' '), '`body` must be valid JSON'],
  ];
  for (const [bytes, rule] of cases) assert.equal(detail(bytes), rule);
});

test('an empty body is none', () => assert.equal(parseJson(Buffer.alloc(0)), undefined));

test('`__proto__` is a key like any other and pollutes nothing', () => {
  const parsed = parseJson(Buffer.from('{"data":{"__proto__":{"polluted":1},"a":2}}')) as object;
  assert.equal(JSON.stringify(parsed), '{"data":{"__proto__":{"polluted":1},"a":2}}');
  assert.equal((parsed as { polluted?: number }).polluted, undefined);
  assert.equal(({} as { polluted?: number }).polluted, undefined);
});
