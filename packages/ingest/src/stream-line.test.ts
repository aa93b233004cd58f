import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault, parseApp } from '@encke/protocol';
import { isProblem } from './problem.ts';
import { parseLine } from './stream-line.ts';

const app = parseApp(1);
assert.ok(!isFault(app));
const parse = (text: string) => parseLine(app, text, 65_536);

test('`ref` comes back as it was given', () => {
  const cases: readonly [ref: string, answered: string][] = [
    ['1', '1'],
    ['0', '0'],
    ['-1.5', '-1.5'],
    ['9007199254740991', '9007199254740991'],
    ['-9007199254740991', '-9007199254740991'],
    ['"a"', '"a"'],
    ['""', '""'],
    ['"\\u0022\\n"', '"\\"\\n"'],
    [`"${'é'.repeat(64)}"`, `"${'é'.repeat(64)}"`],
  ];
  for (const [ref, answered] of cases) {
    const line = parse(`{"ref":${ref},"user":7,"data":1}`);
    assert.equal(line.ref, answered);
    assert.ok(!isProblem(line.message) && 'user' in line.message);
    assert.equal(line.message.user, 7);
  }
});

test('a line without a usable `ref` is answered with null', () => {
  const refRule = '`ref` must be a number or a string of at most 64 characters';
  const cases: readonly [text: string, detail: string][] = [
    ['nonsense', '`line` must be valid JSON'],
    ['[]', '`line` must be a JSON object'],
    ['"x"', '`line` must be a JSON object'],
    ['{"user":7,"data":1}', refRule],
    ['{"ref":null,"user":7,"data":1}', refRule],
    ['{"ref":true,"user":7,"data":1}', refRule],
    ['{"ref":{},"user":7,"data":1}', refRule],
    ['{"ref":1e999,"user":7,"data":1}', refRule],
    [`{"ref":"${'x'.repeat(65)}","user":7,"data":1}`, refRule],
  ];
  for (const [text, detail] of cases) {
    const { ref, message } = parse(text);
    assert.equal(ref, 'null');
    assert.ok(isProblem(message));
    assert.deepEqual([message.status, message.detail], [400, detail]);
  }
});

test('a `ref` that would come back as another number is refused', () => {
  for (const ref of ['9007199254740993', '-9007199254740992', '123456789012345678901', '1e300']) {
    const line = parse(`{"ref":${ref},"user":7,"data":1}`);
    assert.equal(line.ref, 'null');
    assert.ok(isProblem(line.message));
    assert.deepEqual(
      [line.message.status, line.message.field, line.message.detail],
      [
        400,
        'ref',
        '`ref` must be a number from -9007199254740991 to 9007199254740991, or a string',
      ],
    );
  }
});

test('a line that names a channel is published there', () => {
  const { ref, message } = parse('{"ref":1,"channel":"news","event":"e","data":{"a":1}}');
  assert.equal(ref, '1');
  assert.deepEqual(message, { app, channel: 'news', event: 'e', data: '{"a":1}' });
});

test('the rules of a message hold for a line', () => {
  const channelRule = '`channel` must be 3 to 64 characters of A-Z a-z 0-9 _ -';
  const sizeRule = '`data` must be at most 65536 bytes';
  const cases: readonly [line: object, status: number, field: string, detail: string][] = [
    [{ user: 0, data: 1 }, 400, 'user', '`user` must be an integer from 1 to 999999999'],
    [{ user: 7 }, 400, 'data', '`data` is required'],
    [{ user: 7, data: 1, x: 1 }, 400, 'x', '`x` is not a field of this call'],
    [{ user: 7, data: 'x'.repeat(65_537) }, 413, 'data', sizeRule],
    [{ channel: 'ab', data: 1 }, 400, 'channel', channelRule],
    [{ channel: 7, data: 1 }, 400, 'channel', channelRule],
    [{ channel: 'news' }, 400, 'data', '`data` is required'],
    [{ channel: 'news', data: 1, ttl: 1 }, 400, 'ttl', '`ttl` is not a field of this call'],
    [{ channel: 'news', data: 1, user: 7 }, 400, 'user', '`user` is not a field of this call'],
    [{ channel: 'news', data: 'x'.repeat(65_537) }, 413, 'data', sizeRule],
  ];
  for (const [line, status, field, detail] of cases) {
    const { ref, message } = parse(JSON.stringify({ ref: 'r', ...line }));
    assert.equal(ref, '"r"');
    assert.ok(isProblem(message));
    assert.deepEqual([message.status, message.field, message.detail], [status, field, detail]);
  }
});
