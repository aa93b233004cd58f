import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Append } from '@encke/cluster';
import { isFault, parseApp, parseUser } from '@encke/protocol';
import { parseItem, parseMessage } from './message.ts';
import { isProblem, type Problem } from './problem.ts';

const max = 65_536;
const app = parseApp(1);
const user = parseUser(7);
assert.ok(!isFault(app) && !isFault(user));
const known = { app, user };

const parse = (body: unknown): Append | Problem => parseMessage(known.app, known.user, body, max);

function refusal(result: Append | Problem): Problem {
  assert.ok(isProblem(result), 'should be refused');
  return result;
}

test('a message is taken with all its fields, and with only `data`', () => {
  assert.deepEqual(parse({ event: 'e-1_A', data: { a: [1] }, ttl: 5, idempotencyKey: 'k' }), {
    ...known,
    event: 'e-1_A',
    data: '{"a":[1]}',
    ttl: 5,
    idempotencyKey: 'k',
  });
  assert.deepEqual(parse({ data: null }), {
    ...known,
    event: '',
    data: 'null',
    ttl: undefined,
    idempotencyKey: undefined,
  });
});

test('`data` is any JSON value and is stored as compact JSON text', () => {
  const cases: readonly [json: string, stored: string][] = [
    ['"it\'s \\\\ \\u00e9"', '"it\'s \\\\ é"'],
    ['" \\ud83d\\ude00 "', '" 😀 "'],
    ['"\\ud83d"', '"\\ud83d"'],
    ['{ "b" : 1 , "a" : [ true , null ] }', '{"b":1,"a":[true,null]}'],
    ['{"__proto__":{"x":1}}', '{"__proto__":{"x":1}}'],
    ['0.10', '0.1'],
    ['false', 'false'],
    ['""', '""'],
  ];
  for (const [json, stored] of cases) {
    const message = parse({ data: JSON.parse(json) as unknown });
    assert.ok(!isProblem(message));
    assert.equal(message.data, stored);
  }
});

test('every broken rule names its field and not the value', () => {
  const cases: readonly (readonly [body: unknown, field: string, detail: string])[] = [
    [undefined, 'body', '`body` must be a JSON object'],
    [null, 'body', '`body` must be a JSON object'],
    [[], 'body', '`body` must be a JSON object'],
    ['x', 'body', '`body` must be a JSON object'],
    [{}, 'data', '`data` is required'],
    [{ data: 1, event: 'two words' }, 'event', '`event` may contain only A-Z a-z 0-9 _ -'],
    [{ data: 1, event: 'é' }, 'event', '`event` may contain only A-Z a-z 0-9 _ -'],
    [{ data: 1, event: 'e\n' }, 'event', '`event` may contain only A-Z a-z 0-9 _ -'],
    [{ data: 1, event: 'e'.repeat(65) }, 'event', '`event` must be at most 64 characters'],
    [{ data: 1, event: 5 }, 'event', '`event` must be a string'],
    [{ data: 1, event: null }, 'event', '`event` must be a string'],
    ...[0, -1, 1.5, 604_801, '5', null].map(
      (ttl) =>
        [
          { data: 1, ttl },
          'ttl',
          '`ttl` must be a whole number of seconds from 1 to 604800',
        ] as const,
    ),
    ...['', ' ', 'a b', 'é', 'k'.repeat(129), 5, null].map(
      (idempotencyKey) =>
        [
          { data: 1, idempotencyKey },
          'idempotencyKey',
          '`idempotencyKey` must be 1 to 128 visible ASCII characters',
        ] as const,
    ),
    [{ data: 1, Event: 'e' }, 'Event', '`Event` is not a field of this call'],
    [{ data: 1, user: 7 }, 'user', '`user` is not a field of this call'],
    [
      JSON.parse('{"data":1,"__proto__":{"event":"e"}}'),
      '__proto__',
      '`__proto__` is not a field of this call',
    ],
  ];
  for (const [body, field, detail] of cases) {
    const problem = refusal(parse(body));
    assert.deepEqual(
      [problem.status, problem.field, problem.detail],
      [400, field, detail],
      JSON.stringify(body),
    );
  }
});

test('several broken rules are told together', () => {
  const problem = refusal(parse({ event: 'a b', ttl: 0, extra: 1 }));
  assert.equal(problem.field, 'event');
  assert.deepEqual(
    problem.errors?.map(({ field }) => field),
    ['event', 'data', 'ttl', 'extra'],
  );
});

test('the limit counts the bytes of a string itself and of other data its JSON text', () => {
  const cases: readonly [data: unknown, fits: boolean][] = [
    ['x'.repeat(max), true],
    ['x'.repeat(max + 1), false],
    // As JSON text twice and six times as long.
    ['"'.repeat(max), true],
    ['\u0001'.repeat(max), true],
    ['é'.repeat(max / 2), true],
    ['é'.repeat(max / 2 + 1), false],
    ['😀'.repeat(max / 4), true],
    ['😀'.repeat(max / 4 + 1), false],
    [['x'.repeat(max - 4)], true],
    [['x'.repeat(max - 3)], false],
    [['é'.repeat(max / 2)], false],
  ];
  for (const [data, fits] of cases) {
    const result = parse({ data });
    assert.equal(!isProblem(result), fits);
    if (!isProblem(result)) continue;
    assert.deepEqual(
      [result.status, result.field, result.detail],
      [413, 'data', '`data` must be at most 65536 bytes'],
    );
  }
});

test('nesting deeper than the stack is refused, not a crash', () => {
  const depth = 100_000;
  const data = JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown;
  const problem = refusal(parse({ data }));
  assert.deepEqual([problem.status, problem.detail], [400, '`data` is nested too deeply']);
});

test('an item names its user by the same rule as a path', () => {
  const cases: readonly [value: unknown, user: number | undefined][] = [
    [1, 1],
    [999_999_999, 999_999_999],
    ['7', 7],
    [0, undefined],
    [-1, undefined],
    [1_000_000_000, undefined],
    [1.5, undefined],
    ['07', undefined],
    ['1234567890', undefined],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
    [true, undefined],
    [[7], undefined],
  ];
  for (const [value, expected] of cases) {
    const item = parseItem(known.app, { user: value, data: 1 }, max);
    if (expected !== undefined) assert.equal((item as Append).user, expected);
    else
      assert.deepEqual(
        [refusal(item).field, refusal(item).detail],
        ['user', '`user` must be an integer from 1 to 999999999'],
      );
  }
  assert.equal(refusal(parseItem(known.app, 5, max)).detail, '`message` must be a JSON object');
  assert.equal(refusal(parseItem(known.app, null, max)).field, 'message');
});
