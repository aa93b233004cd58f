import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textTable } from './text-table.ts';

test('columns under each other, control characters made visible', () => {
  assert.equal(
    textTable(
      ['id', 'message'],
      [
        ['7', "it's\nhere\u001b[2J"],
        ['12345', ''],
      ],
    ),
    ['id     message', '-----  -------------------', "7      it's\\nhere\\u001b[2J", '12345'].join(
      '\n',
    ),
  );
  assert.equal(textTable(['hash'], []), 'hash\n----');
});

test('so are those above ASCII: commands of a terminal in one character, and what turns the line round', () => {
  const rows = [['\u009b2J'], ['a\u202eb'], ['\u2028\u007f'], ['\u{e0041}']];
  assert.deepEqual(textTable(['message'], rows).split('\n').slice(2), [
    '\\u{9b}2J',
    'a\\u{202e}b',
    '\\u{2028}\\u{7f}',
    '\\u{e0041}',
  ]);
});

test('any number of rows', () => {
  const rows = Array.from({ length: 200_000 }, (_, i) => [String(i)]);
  assert.equal(textTable(['id'], rows).split('\n').length, rows.length + 2);
});
