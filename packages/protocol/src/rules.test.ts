import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Fault,
  isFault,
  parseApp,
  parseDevice,
  parseEvent,
  parseHash,
  parseIdempotencyKey,
  parseTtl,
  parseUser,
} from './rules.ts';

const letters = 'abcXYZ019_-';

interface Rule {
  readonly rule: string;
  readonly parse: (value: unknown, field?: string) => unknown;
  readonly field: string;
  /** What it takes, and what it makes of it. */
  readonly good: readonly (readonly [given: unknown, made: unknown])[];
  readonly bad: readonly unknown[];
}

const same = (...values: unknown[]) => values.map((value) => [value, value] as const);

const notNumbers = [
  ...[undefined, null, true, '', ' 1', '1 ', '+1', '-1', '01', '1.0', '1e3', '0x1', '1_000', 'a'],
  ...[1.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 1_000_000_000, '1000000000', [], [1], {}],
];

const rules: readonly Rule[] = [
  {
    rule: 'I1',
    parse: parseApp,
    field: 'app',
    good: [...same(0, 1, 999_999_999), ['0', 0], ['1', 1], ['999999999', 999_999_999]],
    bad: notNumbers,
  },
  {
    rule: 'I2',
    parse: parseUser,
    field: 'user',
    good: [...same(1, 999_999_999), ['1', 1], ['999999999', 999_999_999]],
    bad: [...notNumbers, 0, '0'],
  },
  {
    rule: 'I3',
    parse: parseDevice,
    field: 'device',
    good: same('a', letters, 'x'.repeat(64)),
    bad: [undefined, '', 'x'.repeat(65), 'a b', 'a.b', 'ä', 'a\n', 7, null],
  },
  {
    rule: 'I4',
    parse: parseHash,
    field: 'hash',
    good: same('', 'a', `${letters}=+/`, 'x'.repeat(32)),
    bad: [undefined, null, 7, 'x'.repeat(33), 'a b', 'a.b', 'ä', 'a\n', "a'b"],
  },
  {
    rule: 'I5',
    parse: parseEvent,
    field: 'event',
    good: [[undefined, ''], ...same('', 'a', letters, 'x'.repeat(64))],
    bad: [null, 7, 'x'.repeat(65), 'a b', 'a.b', 'ä', 'a\n', 'a"b'],
  },
  {
    rule: 'I6',
    parse: parseTtl,
    field: 'ttl',
    good: same(undefined, 1, 600, 604_800),
    bad: [null, 0, -1, 1.5, 604_801, '600', Number.NaN, Number.POSITIVE_INFINITY],
  },
  {
    rule: 'I7',
    parse: parseIdempotencyKey,
    field: 'idempotencyKey',
    good: same(undefined, 'a', '!', '~', '!"#$%&()*+,-./:;<=>?@[]^_`{|}~', 'x'.repeat(128)),
    bad: [null, 7, '', 'x'.repeat(129), 'a b', 'ä', 'a\n', '\u007f'],
  },
];

const shown = (value: unknown): string =>
  typeof value === 'string' && value.length > 30
    ? `${value.length} characters`
    : (JSON.stringify(value) ?? String(value));

for (const { rule, parse, field, good, bad } of rules) {
  for (const [given, made] of good) {
    test(`[${rule}] ${field} may be ${shown(given)}`, () => assert.equal(parse(given), made));
  }
  for (const value of bad) {
    test(`[${rule}] ${field} may not be ${shown(value)}`, () => {
      const fault = parse(value);
      assert.ok(fault instanceof Fault, `taken as ${String(fault)}`);
      assert.equal(fault.field, field);
      assert.match(fault.rule, /^(must|may) /);
    });
  }
}

test('a fault names the field that the caller gave, and never the value', () => {
  const fault = parseUser('secret', 'myid');
  assert.ok(isFault(fault), 'no fault');
  assert.equal(fault.text, '`myid` must be an integer from 1 to 999999999');
});
