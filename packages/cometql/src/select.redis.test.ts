/** What SELECT makes of the rows that it finds, with its literal result. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestRedis, type TestRedis } from '@encke/testing';
import { type Language, openLanguage } from './cometql.fixture.ts';
import { follow, type Step } from './steps.fixture.ts';

let redis: TestRedis;
let language: Language;
before(async () => {
  redis = await startTestRedis(process.env.ENCKE_TEST_REDIS);
  language = await openLanguage(redis.env);
});
after(async () => {
  await language?.stop();
  await redis?.stop();
});

const steps = (name: string, ...all: readonly Step[]) => test(name, () => follow(language, all));

steps(
  'ORDER BY, LIMIT, OFFSET and COUNT',
  ["INSERT INTO users_auth VALUES (9,'i'), (10,'j'), (11,'k')", [3, 11]],
  ['SELECT id FROM users_auth WHERE id IN (10,9,11) ORDER BY id', [['9'], ['10'], ['11']]],
  ['SELECT id n FROM users_auth WHERE id IN (10,9) ORDER BY n DESC', [['10'], ['9']]],
  ['SELECT id FROM users_auth WHERE id IN (9,10,11) LIMIT 1', [['9']]],
  ['SELECT id FROM users_auth WHERE id IN (9,10,11) LIMIT 1, 1', [['10']]],
  ['SELECT id FROM users_auth WHERE id IN (9,10,11) LIMIT 5 OFFSET 2', [['11']]],
  ['SELECT id FROM users_auth WHERE id IN (9,10) LIMIT ? OFFSET ?', [['10']], 5, 1],
  ['SELECT id FROM users_auth WHERE id IN (9,10,11) LIMIT 0', []],
  ['SELECT COUNT(*), COUNT(id) c FROM users_auth WHERE id IN (9,10,12)', [['2', '2']]],
  ['SELECT *, COUNT(*) FROM users_auth WHERE id = 12', [[null, null, '0']]],
  ['SELECT id FROM users_auth WHERE id = 9 FOR UPDATE', [['9']]],
  ['SELECT id FROM users_auth WHERE id IN (9,10,11) LIMIT \'1\', "1"', [['10']]],
  ['SELECT hash, id FROM users_auth WHERE id IN (10,11,9) ORDER BY 2 DESC LIMIT 1', [['k', '11']]],
  [
    'SELECT id FROM users_auth WHERE id IN (10,9) ORDER BY 2',
    '14 Not a specific column: `users_auth` has no column `2`',
  ],
  ["SELECT id FROM users_auth WHERE id = '009'", [['9']]],
  ["SELECT id FROM users_auth WHERE id IN (9,'009',10,'9')", [['9'], ['10']]],
  ["SELECT COUNT(*) FROM users_time WHERE id = 9 OR id = '09'", [['1']]],
  ['SELECT * FROM users_auth WHERE 1=0', []],
  ['SELECT * FROM users_auth WHERE id = 9 AND FALSE', []],
  ['SELECT COUNT(*) FROM revoked_tokens WHERE 1 <> 1', [['0']]],
  ['DELETE FROM users_auth WHERE 0', [0, 0]],
);

steps(
  'DISTINCT, GROUP BY, HAVING and a SELECT in FROM',
  ["INSERT INTO users_data VALUES (21,'b'), (22,'a'), (23,'b'), (24,'c')", [4, 24]],
  ['SELECT DISTINCT data FROM users_data WHERE id IN (21,22,23)', [['b'], ['a']]],
  [
    'SELECT DISTINCT data d FROM users_data WHERE id IN (21,22,23,24) ORDER BY d LIMIT 1,1',
    [['b']],
  ],
  ['SELECT COUNT(*) FROM (SELECT DISTINCT data FROM users_data WHERE id IN (21,22,23)) x', [['2']]],
  [
    'SELECT data, COUNT(*) n FROM users_data WHERE id IN (21,22,23) GROUP BY data ORDER BY n DESC, 1',
    [
      ['b', '2'],
      ['a', '1'],
    ],
  ],
  [
    'SELECT data, COUNT(*) n FROM users_data WHERE id IN (21,22,23) GROUP BY 1 HAVING n > 1',
    [['b', '2']],
  ],
  ['SELECT data, COUNT(*) FROM users_data WHERE id = 20 GROUP BY data', []],
  [
    'SELECT t.*, 1 FROM (SELECT id AS n FROM users_data WHERE id IN (21,22)) AS t WHERE n = 22',
    [['22', '1']],
  ],
  [
    "SELECT id, CASE data WHEN 'a' THEN 1 WHEN 'b' THEN 2 END FROM users_data WHERE id IN (21,22,24)",
    [
      ['21', '2'],
      ['22', '1'],
      ['24', null],
    ],
  ],
  ["SELECT CASE WHEN 1 > 2 THEN 'x' WHEN NULL THEN 'y' ELSE 'z' END", [['z']]],
  ['DELETE FROM users_data WHERE id IN (21,22,23,24)', [4, 0]],
);

test('an answer is bounded while it is made', async () => {
  const items = Array.from({ length: 4_000 }, () => 'CONCAT(a, a, a, a)').join();
  const select = `SELECT ${items} FROM (SELECT '${'x'.repeat(1_000_000)}' AS a) t`;
  const tooLong = '11 the answer is too long: ask for less at once';
  assert.equal(await language.brief(select), tooLong);
  // A value without characters takes memory as well.
  const nulls = Array.from({ length: 4_000 }, () => 'NULL').join();
  const ids = Array.from({ length: 2_200 }, (_, i) => i + 1).join();
  const empty = `SELECT DISTINCT ${nulls} FROM users_time WHERE id IN (${ids})`;
  assert.equal(await language.brief(empty), tooLong);
});

test('what is within each other is evaluated once', async () => {
  for (const shell of ['(x) BETWEEN 1 AND 1', 'CASE x WHEN 2 THEN 2 WHEN 1 THEN 1 END']) {
    let expression = '1';
    for (let i = 0; i < 30; i++) expression = shell.replace('x', expression);
    assert.deepEqual(await language.brief(`SELECT ${expression} AS x`), [['1']]);
  }
  let select = 'SELECT 1 AS a';
  for (let i = 0; i < 30; i++) select = `SELECT *, * FROM (${select}) t`;
  const tooMany = '11 an answer may have at most 4096 columns';
  assert.equal(await language.brief(select), tooMany);
});
