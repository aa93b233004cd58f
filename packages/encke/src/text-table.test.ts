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

test('any number of rows', () => {
  const rows = Array.from({ length: 200_000 }, (_, i) => [String(i)]);
  assert.equal(textTable(['id'], rows).split('\n').length, rows.length + 2);
});
