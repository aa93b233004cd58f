/** Every error of the language, with its literal text. Nothing of a refused statement is stored. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, type RedisServer, startRedis } from '@encke/testing';
import { type Language, openLanguage } from './cometql.fixture.ts';
import { prepare } from './execute.ts';
import { isSqlFault } from './outcome.ts';

let redis: RedisServer;
let language: Language;
before(async () => {
  redis = await startRedis();
  language = await openLanguage({ ...redis.env, ENCKE_MAX_MESSAGE: '1024' });
});
after(async () => {
  await language?.stop();
  await redis?.stop();
});

const syntax = (near: string, line = 1): string =>
  `3 You have an error in your SQL syntax near '${near}' at line ${line}`;
const user = '12 `id` must be an integer from 1 to 999999999';
const channel = '`name` must be 3 to 64 characters of A-Z a-z 0-9 _ -';
const long = (length: number): string => `'${'x'.repeat(length)}'`;

const errors: readonly (readonly [statement: string, error: string])[] = [
  // 2: there is no such thing here.
  ["UPDATE users_auth SET hash = 'x' WHERE id = 1", '2 not implemented: UPDATE'],
  ['CREATE TABLE x (a INT)', '2 not implemented: CREATE'],
  ['TRUNCATE users_auth', '2 not implemented: TRUNCATE'],
  ['SELECT * FROM conference WHERE name = 1', '2 not implemented: the table `conference`'],
  [
    'INSERT INTO conference_members VALUES (1)',
    '2 not implemented: the table `conference_members`',
  ],
  ['DELETE FROM dialogs WHERE id = 1', '2 not implemented: the table `dialogs`'],
  ["INSERT IGNORE INTO users_auth VALUES (1, 'x')", '2 not implemented: INSERT IGNORE'],
  ['INSERT INTO users_auth SELECT 1, 2', '2 not implemented: INSERT … SELECT'],
  [
    "INSERT INTO users_auth VALUES (1, 'x') ON DUPLICATE KEY UPDATE hash = 'y'",
    '2 not implemented: ON DUPLICATE KEY UPDATE with another value than the row has',
  ],
  [
    "INSERT INTO users_auth (id, hash) VALUES (1, 'x') ON DUPLICATE KEY UPDATE id = VALUES(id)",
    '2 not implemented: ON DUPLICATE KEY UPDATE without `hash`',
  ],
  ['SELECT COUNT(DISTINCT id) FROM users_auth WHERE id = 1', '2 not implemented: DISTINCT'],
  [
    "INSERT INTO users_auth VALUES (1, 'x') AS new ON DUPLICATE KEY UPDATE hash = old.hash",
    '2 not implemented: ON DUPLICATE KEY UPDATE with another value than the row has',
  ],
  [
    "INSERT INTO users_auth VALUES (1, 'x') AS new ON DUPLICATE KEY UPDATE hash = new.id",
    '2 not implemented: ON DUPLICATE KEY UPDATE with another value than the row has',
  ],
  [
    "INSERT INTO users_auth VALUES (1, 'x') AS new (a, b) ON DUPLICATE KEY UPDATE hash = b",
    '2 not implemented: names for the columns of the rows',
  ],
  [
    'SELECT TABLE_NAME FROM information_schema.TABLES WHERE NONSENSE(TABLE_NAME)',
    '2 not implemented: the function NONSENSE',
  ],
  ['SELECT 1 FROM information_schema.TABLES UNION SELECT 2', '2 not implemented: UNION'],
  [
    'SELECT t.* FROM information_schema.TABLES t LEFT JOIN information_schema.X x ON x.A = t.A',
    '2 not implemented: LEFT',
  ],
  [
    'SELECT nope FROM information_schema.TABLES',
    '14 Not a specific column: `TABLES` has no column `nope`',
  ],
  ['SELECT 1 UNION SELECT 2', '2 not implemented: UNION'],
  ['SELECT 1 FROM pipes p JOIN users_auth', '2 not implemented: JOIN'],
  ['SELECT 1 FROM pipes, users_auth', '2 not implemented: several tables in FROM'],
  ['SELECT (SELECT 1)', '2 not implemented: a SELECT within a statement'],
  ['SELECT EXISTS(SELECT 1) AS found', '2 not implemented: a SELECT within a statement'],
  [
    'DELETE FROM users_auth WHERE id IN (SELECT 1)',
    '2 not implemented: a SELECT within a statement',
  ],
  ['SELECT MAX(id) FROM users_auth WHERE id = 1', '2 not implemented: the function MAX'],
  [
    "INSERT INTO users_messages (id, event, message) VALUES (1, REVERSE('e'), 'm')",
    '2 not implemented: the function REVERSE',
  ],
  [
    "INSERT INTO users_messages (id, event, message) VALUES (1, @event, 'm')",
    '2 not implemented: a variable for a value',
  ],
  [
    "INSERT INTO users_messages SET id = 1, event = CONCAT(@event), message = 'm'",
    '2 not implemented: a variable for a value',
  ],
  ["INSERT INTO users_data VALUES (1, b'1')", "2 not implemented: b'…'"],
  ['SELECT * FROM users_auth WHERE id = 0b111', "2 not implemented: b'…'"],
  ['EXPLAIN SELECT 1', '2 not implemented: EXPLAIN'],
  ['SHOW NONSENSE', '2 not implemented: SHOW NONSENSE'],
  [
    'SELECT * FROM users_auth WHERE id > 1',
    '2 not implemented: WHERE with other conditions than = and IN',
  ],
  [
    'SELECT * FROM users_auth WHERE id BETWEEN 5 AND 9',
    '2 not implemented: WHERE with other conditions than = and IN',
  ],
  [
    "SELECT * FROM users_auth WHERE id LIKE '1'",
    '2 not implemented: WHERE with other conditions than = and IN',
  ],
  [
    "SELECT * FROM users_auth WHERE id = 1 AND hash = 'x'",
    '2 not implemented: WHERE with more than `id`',
  ],
  [
    'SELECT * FROM users_auth WHERE id = 1 + 1',
    '2 not implemented: WHERE with an expression for a value',
  ],
  ['DELETE FROM users_messages WHERE id = 1 LIMIT 1', '2 not implemented: DELETE with a LIMIT'],
  ['DELETE FROM users_auth WHERE id IN (1, 2) LIMIT 1', '2 not implemented: DELETE with a LIMIT'],
  ['DELETE FROM users_auth WHERE id = 1 ORDER BY id', '2 not implemented: ORDER BY in DELETE'],
  // 3: it makes no sense, from here on.
  ['SELEC 1', syntax('SELEC 1')],
  ['SELECT', syntax('')],
  ['SELECT * FROM', syntax('')],
  ['SELECT 1 1', syntax('1')],
  ['SELECT CASE END', syntax('')],
  ['SELECT CASE WHEN 1 THEN 2', syntax('')],
  ['SELECT 1 FROM (SELECT 1)', syntax('')],
  ['SELECT 1; SELECT 2', syntax('SELECT 2')],
  ["INSERT INTO users_auth (id, hash) VALUES (1, 'x'", syntax('')],
  ["INSERT INTO users_auth (id, hash) VALUES (1 'x')", syntax("'x')")],
  ["INSERT INTO users_auth\n(id, hash)\nVALUES 1, 'x')", syntax("1, 'x')", 3)],
  ["INSERT INTO users_auth VALUES (1, 'x", syntax("'x")],
  ['SELECT * FROM users_auth WHERE id = ?', syntax('?')],
  ['SELECT * FROM users_auth WHERE id = 1 LIMIT x', syntax('x')],
  ['SELECT * FROM users_auth\nWHERE id == 1', syntax('= 1', 2)],
  ['DELETE users_auth WHERE id = 1', syntax('users_auth WHERE id = 1')],
  [`DELETE FROM ${'x '.repeat(100)}`, syntax(`${'x '.repeat(40)}`)],
  // 10
  ['INSERT INTO users_time (id, time) VALUES (1, 2)', '10 Table `users_time` is read only'],
  ['DELETE FROM users_time WHERE id = 1', '10 Table `users_time` is read only'],
  ["INSERT INTO pipes VALUES ('abc', 1)", '10 Table `pipes` is read only'],
  ["REPLACE INTO users_in_pipes (name) VALUES ('abc')", '10 Table `users_in_pipes` is read only'],
  ["DELETE FROM users_in_pipes WHERE name = 'abc'", '10 Table `users_in_pipes` is read only'],
  // 11
  [`INSERT INTO users_auth VALUES (1, ${long(33)})`, '11 `hash` must be at most 32 characters'],
  [
    `INSERT INTO users_messages VALUES (1, 0, ${long(65)}, 'm')`,
    '11 `event` must be at most 64 characters',
  ],
  [
    `INSERT INTO users_messages VALUES (1, 0, 'e', ${long(1_025)})`,
    '11 `message` must be at most 1024 bytes',
  ],
  [
    `INSERT INTO users_messages VALUES (1, 0, 'e', '${'é'.repeat(513)}')`,
    '11 `message` must be at most 1024 bytes',
  ],
  [`INSERT INTO users_data VALUES (1, ${long(1_025)})`, '11 `data` must be at most 1024 bytes'],
  [`INSERT INTO pipes_messages (name, message) VALUES (${long(65)}, 'm')`, `11 ${channel}`],
  [
    `INSERT INTO pipes_messages (name, event, message) VALUES ('abc', ${long(65)}, 'm')`,
    '11 `event` must be at most 64 characters',
  ],
  [`SELECT * FROM pipes WHERE name = ${long(65)}`, `11 ${channel}`],
  [`INSERT INTO revoked_tokens VALUES (${long(601)})`, '11 `token` must be at most 600 bytes'],
  // 12
  ['INSERT INTO users_auth (id) VALUES (1)', '12 field `hash` is required'],
  ["INSERT INTO users_auth (hash) VALUES ('x')", '12 field `id` is required'],
  ['INSERT INTO users_auth VALUES (1, NULL)', '12 field `hash` is required'],
  ['INSERT INTO users_auth VALUES (1, DEFAULT)', '12 field `hash` is required'],
  ["INSERT INTO users_messages (id, event) VALUES (1, 'e')", '12 field `message` is required'],
  ["INSERT INTO pipes_messages (message) VALUES ('m')", '12 field `name` is required'],
  ["INSERT INTO pipes_settings (name) VALUES ('abc')", '12 field `length` is required'],
  ['INSERT INTO users_data (id) VALUES (1)', '12 field `data` is required'],
  ["INSERT INTO users_auth VALUES (1, 'a b')", '12 `hash` may contain only A-Z a-z 0-9 = + / _ -'],
  ["INSERT INTO users_auth VALUES (0, 'x')", user],
  ["INSERT INTO users_auth VALUES (-1, 'x')", user],
  ["INSERT INTO users_auth VALUES ('abc', 'x')", user],
  ["INSERT INTO users_auth VALUES (1234567890, 'x')", user],
  ["INSERT INTO users_auth VALUES (1.5, 'x')", user],
  ["INSERT INTO users_messages VALUES ('', 0, 'e', 'm')", user],
  ['SELECT * FROM users_auth WHERE id = -1', user],
  ["SELECT * FROM users_time WHERE id IN (1, 'abc')", user],
  ['DELETE FROM users_messages WHERE id = 0000000001', user],
  ["DELETE FROM users_messages WHERE id = '00'", user],
  [
    "INSERT INTO users_messages VALUES (1, 0, 'a.b', 'm')",
    '12 `event` may contain only A-Z a-z 0-9 _ -',
  ],
  ["INSERT INTO pipes_messages (name, message) VALUES ('a b c', 'm')", `12 ${channel}`],
  [
    "INSERT INTO pipes_messages (name, message) VALUES ('abc', 'm'), ('msg', 'm')",
    '12 `name` must not be msg: no browser can subscribe to it',
  ],
  ["SELECT * FROM pipes WHERE name = 'a.b.c'", `12 ${channel}`],
  [
    "INSERT INTO pipes_settings VALUES ('abc', -1)",
    '12 `length` must be a whole number from 0 to 99',
  ],
  [
    "INSERT INTO pipes_settings VALUES ('abc', 'x')",
    '12 `length` must be a whole number from 0 to 99',
  ],
  ["INSERT INTO revoked_tokens VALUES ('')", '12 `token` must not be empty'],
  ["INSERT INTO revoked_tokens VALUES (' a.b.c')", '12 `token` must not have blanks'],
  ["INSERT INTO revoked_tokens VALUES ('a.b.c\\r\\n')", '12 `token` must not have blanks'],
  ["INSERT INTO revoked_tokens VALUES ('Bearer a.b.c')", '12 `token` must not have blanks'],
  [
    "INSERT INTO users_auth (id, hash) VALUES (1, 'x', 2)",
    "12 Column count doesn't match value count at row 1",
  ],
  [
    "INSERT INTO users_auth VALUES (1, 'x'), (2)",
    "12 Column count doesn't match value count at row 2",
  ],
  ['INSERT INTO users_auth VALUES (1)', "12 Column count doesn't match value count at row 1"],
  ["INSERT INTO users_auth (id, hash, ID) VALUES (1, 'x', 2)", '12 Column `id` specified twice'],
  // 13
  ['SELECT * FROM users_auth', '13 no value for the primary key `id` in WHERE'],
  ['DELETE FROM users_auth', '13 no value for the primary key `id` in WHERE'],
  ["SELECT * FROM users_auth WHERE hash = 'x'", '13 no value for the primary key `id` in WHERE'],
  ['SELECT * FROM users_auth WHERE 1', '13 no value for the primary key `id` in WHERE'],
  ['SELECT * FROM users_auth WHERE 1 = 1', '13 no value for the primary key `id` in WHERE'],
  ['SELECT * FROM users_auth WHERE id IN ()', '13 no value for the primary key `id` in WHERE'],
  ['DELETE FROM users_auth WHERE id = NULL', '13 no value for the primary key `id` in WHERE'],
  ['DELETE FROM users_auth WHERE NOT id = 1', '13 no value for the primary key `id` in WHERE'],
  ['DELETE FROM users_auth WHERE id NOT IN (1)', '13 no value for the primary key `id` in WHERE'],
  ['SELECT * FROM pipes_messages WHERE id = 1', '13 no value for the primary key `name` in WHERE'],
  ['DELETE FROM revoked_tokens', '13 no value for the primary key `token` in WHERE'],
  // 14
  [
    'SELECT nope FROM users_auth WHERE id = 1',
    '14 Not a specific column: `users_auth` has no column `nope`',
  ],
  [
    'SELECT id FROM users_auth WHERE nope = 1',
    '14 Not a specific column: `users_auth` has no column `nope`',
  ],
  [
    'SELECT id FROM users_auth WHERE id = 1 ORDER BY nope',
    '14 Not a specific column: `users_auth` has no column `nope`',
  ],
  [
    'INSERT INTO users_auth (id, nope) VALUES (1, 2)',
    '14 Not a specific column: `users_auth` has no column `nope`',
  ],
  [
    'SELECT id FROM users_auth u WHERE u.* = 1',
    '14 Not a specific column: `users_auth` has no column `*`',
  ],
  ['SELECT a', '14 Not a specific column: `DUAL` has no column `a`'],
  [
    "INSERT INTO users_messages (id, event, message) VALUES (1, chat, 'm')",
    '14 Not a specific column: `users_messages` has no column `chat`',
  ],
  [
    "INSERT INTO users_messages SET id = 1, event = `chat`, message = 'm'",
    '14 Not a specific column: `users_messages` has no column `chat`',
  ],
  // 15
  ['SELECT * FROM nope WHERE id = 1', "15 Table doesn't exist: `nope`"],
  ["INSERT INTO nope VALUES ('x')", "15 Table doesn't exist: `nope`"],
  ['DELETE FROM mysql.user WHERE id = 1', "15 Table doesn't exist: `user`"],
  ['SHOW COLUMNS FROM nope', "15 Table doesn't exist: `nope`"],
  ['DESCRIBE nope', "15 Table doesn't exist: `nope`"],
  // 17
  ["INSERT INTO pipes_messages (name, message) VALUES ('ab', 'm')", `17 ${channel}`],
  ["INSERT INTO pipes_settings VALUES ('ab', 1)", `17 ${channel}`],
  ["SELECT * FROM pipes WHERE name = ''", `17 ${channel}`],
  // MySQL's own
  ['USE nope', '1049 Unknown database `nope`'],
  ['SELECT * FROM nope.users_auth WHERE id = 1', '1049 Unknown database `nope`'],
  ["INSERT INTO nope.users_auth VALUES (1, 'a')", '1049 Unknown database `nope`'],
  ['SHOW TABLES FROM nope', '1049 Unknown database `nope`'],
  ...[
    'SET NAMES gbk',
    "set names 'GB2312' COLLATE 'gb2312_bin'",
    '/*!40101 SET NAMES big5 */',
    'SET autocommit = 1, NAMES gb18030',
    'SET CHARACTER SET sjis',
    'SET CHARSET `cp932`',
    "SET @@session.character_set_client = 'gbk'",
    'SET SESSION character_set_connection := gbk',
    // Browsers know them, MySQL does not.
    'SET NAMES ms932',
    'SET CHARACTER SET csbig5',
    "SET NAMES 'chinese'",
  ].map((statement) => [statement, '1115 Unknown character set: use utf8mb4'] as const),
  ...[
    "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
    "SET SESSION sql_mode = CONCAT(@@sql_mode, ',no_backslash_escapes'), NAMES utf8mb4",
    "SET time_zone = '+00:00', @@session.sql_mode := 'ANSI,NO_BACKSLASH_ESCAPES'",
    '/*!40101 SET sql_mode = "NO_BACKSLASH_ESCAPES" */',
  ].map((statement) => [statement, '2 not implemented: NO_BACKSLASH_ESCAPES'] as const),
  ['', '1065 Query was empty'],
  [' /* nothing */ ; -- here', '1065 Query was empty'],
  ['KILL 99', '1094 Unknown thread id'],
  ['KILL QUERY 7', '2 not implemented: KILL'],
];

test('the mode of a parameter is looked at too', async () => {
  const set = (mode: string) => language.brief('SET autocommit = 1, sql_mode = ?', mode);
  assert.equal(await set('NO_BACKSLASH_ESCAPES'), '2 not implemented: NO_BACKSLASH_ESCAPES');
  assert.deepEqual(await set('ANSI'), [0, 0]);
});

for (const [statement, error] of errors) {
  const title = statement.length > 90 ? `${statement.slice(0, 90)}…` : statement;
  test(`${error.split(' ')[0]}: ${JSON.stringify(title)}`, async () => {
    assert.equal(await language.brief(statement), error);
  });
}

test('what is wrong with a value is known when a statement is prepared', () => {
  const prepared = prepare(
    'INSERT INTO users_messages (id, event, message) VALUES (?, chat, ?)',
    '',
  );
  assert.equal(isSqlFault(prepared) && prepared.errno, 14);
});

test('the states are those that clients know', async () => {
  const state = async (statement: string) => {
    const outcome = await language.run(statement);
    return isSqlFault(outcome) ? outcome.sqlState : '';
  };
  assert.equal(await state('SELEC'), 'HY000');
  assert.equal(await state('USE nope'), '42000');
  assert.equal(await state(''), '42000');
});

test('a fault in one row keeps all rows from being stored', async () => {
  const rows = "(21, 0, 'e', 'a'), (22, 0, 'e', 'b'), (23, 0, '!', 'c')";
  const refused = await language.brief(`INSERT INTO users_messages VALUES ${rows}`);
  assert.equal(refused, '12 `event` may contain only A-Z a-z 0-9 _ -');
  const stored = await language.brief('SELECT * FROM users_messages WHERE id IN (21, 22, 23)');
  assert.deepEqual(stored, []);
});

test('a long name is not repeated in full', async () => {
  const name = 'n'.repeat(10_000);
  const refused = await language.brief(`SELECT * FROM ${name} WHERE id = 1`);
  assert.equal(refused, `15 Table doesn't exist: \`${'n'.repeat(64)}…\``);
});

test('an answer that would not fit is refused, and so are too many questions', async () => {
  const ids = Array.from({ length: 65_537 }, (_, i) => i + 1).join(',');
  assert.equal(
    await language.brief(`SELECT * FROM users_time WHERE id IN (${ids})`),
    '11 WHERE may have at most 65536 values',
  );
});

test('while Redis is away every statement that needs it fails, and none is OK', async () => {
  const redis = await startRedis();
  const language = await openLanguage(redis.env);
  const message = (text: string) => `INSERT INTO users_messages VALUES (1, 0, 'e', '${text}')`;
  try {
    assert.deepEqual(await language.brief(message('before')), [0, 1]);
    redis.pause();
    // What was sent before anybody noticed may have been stored, for all that is known.
    const first = await language.brief(message('during'));
    assert.equal(
      first,
      '1205 Redis is away: it is not known whether the statement was carried out',
    );
    const away = '1205 Redis is away: the statement was not carried out';
    const statements = [
      message('later'),
      "INSERT INTO users_auth VALUES (1, 'x'), (2, 'y')",
      "INSERT INTO pipes_messages (name, message) VALUES ('abc', 'm')",
      'SELECT * FROM users_messages WHERE id = 1',
      'SELECT * FROM users_time WHERE id = 1',
      'SELECT * FROM revoked_tokens',
      'DELETE FROM users_messages WHERE id IN (1, 2)',
      'SHOW STATUS',
    ];
    for (const statement of statements)
      assert.equal(await language.brief(statement), away, statement);
    assert.deepEqual(await language.brief('SELECT 1'), [['1']]);
    redis.resume();
    await eventually(async () => assert.deepEqual(await language.brief(message('after')), [0, 1]));
    const rows = await language.brief('SELECT message FROM users_messages WHERE id = 1');
    assert.deepEqual(rows, [['before'], ['after']]);
  } finally {
    redis.resume();
    await language.stop();
    await redis.stop();
  }
});
