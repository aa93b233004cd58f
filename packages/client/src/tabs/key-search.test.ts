import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeySearch } from './key-search.ts';

test('the first key that is not the refused one is taken', async () => {
  let asked = 0;
  const search = new KeySearch(() => {
    asked += 1;
  });
  const found = search.find('old', 3);
  search.answer('a', 'old');
  search.answer('b', undefined);
  search.answer('c', 'new');
  assert.equal(await found, 'new');
  assert.equal(asked, 1);
});

test('it ends when all others have none, and at once without others', async () => {
  const search = new KeySearch(() => {});
  assert.equal(await search.find('old', 0), undefined);
  const found = search.find('old', 2);
  search.answer('a', 'old');
  search.answer('b', undefined);
  assert.equal(await found, undefined);
});

test('a tab that answers the search before this one too does not end it for the others', async () => {
  const search = new KeySearch(() => {});
  void search.find('old', 2);
  const found = search.find('old', 2);
  search.answer('a', 'old');
  search.answer('a', 'old');
  search.answer('b', 'new');
  assert.equal(await found, 'new');
});
