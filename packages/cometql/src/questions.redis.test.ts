/** What clients ask on connecting, and what graphical ones ask to draw their tree. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, startTestRedis, type TestRedis } from '@encke/testing';
import { type Language, openLanguage, shownFault } from './cometql.fixture.ts';
import { prepare } from './execute.ts';
import { isSqlFault } from './outcome.ts';
import { serverVersion } from './version.ts';

let redis: TestRedis;
let language: Language;
before(async () => {
  redis = await startTestRedis(process.env.ENCKE_TEST_REDIS);
  language = await openLanguage({ ...redis.env, ENCKE_COMETQL_PORT: '3999' });
});
after(async () => {
  await language?.stop();
  await redis?.stop();
});

const table = (statement: string) => language.table(statement);

const accepted = [
  'SET NAMES utf8mb4',
  "SET NAMES 'utf8' COLLATE 'utf8_general_ci'",
  'SET autocommit=1',
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  "SET sql_mode = concat(@@sql_mode,',STRICT_TRANS_TABLES'), session_track_schema=1, names UTF8MB4",
  'SET character_set_results = NULL',
  '/*!40101 SET @OLD=@@CHARACTER_SET_CLIENT, NAMES utf8 */;',
  'SET @a := 1',
  'BEGIN',
  'START TRANSACTION READ ONLY',
  'COMMIT',
  'ROLLBACK',
  'USE CometQL_v1',
  'USE `cometql_v1`;',
  'USE information_schema',
];

test('what is set or begun is accepted', async () => {
  for (const statement of accepted)
    assert.deepEqual(await language.brief(statement), [0, 0], statement);
  assert.deepEqual(await language.brief('SELECT DATABASE()'), [['information_schema']]);
  await language.run('USE COMETQL_V1');
  assert.deepEqual(await language.brief('SELECT DATABASE()'), [['CometQL_v1']]);
});

const answered: readonly (readonly [statement: string, row: Record<string, string | null>])[] = [
  ['select @@version_comment limit 1', { '@@version_comment': 'Encke CometQL' }],
  [
    'SELECT @@max_allowed_packet, @@wait_timeout',
    { '@@max_allowed_packet': '16777213', '@@wait_timeout': '28800' },
  ],
  [
    'SELECT @@session.auto_increment_increment AS auto_increment_increment, @@autocommit ac',
    { auto_increment_increment: '1', ac: '1' },
  ],
  ['SELECT @@tx_isolation', { '@@tx_isolation': 'READ-COMMITTED' }],
  [
    'SELECT @@SESSION.Transaction_Isolation',
    { '@@SESSION.Transaction_Isolation': 'READ-COMMITTED' },
  ],
  [
    'SELECT @@global.character_set_server, @@nothing_like_it',
    { '@@global.character_set_server': 'utf8mb4', '@@nothing_like_it': null },
  ],
  ['SELECT VERSION()', { 'VERSION()': serverVersion }],
  ['SELECT CONNECTION_ID()', { 'CONNECTION_ID()': '7' }],
  [
    'SELECT USER(), CURRENT_USER() AS me, current_user',
    { 'USER()': '1@%', me: '1@%', current_user: '1@%' },
  ],
  ['SELECT 1', { '1': '1' }],
  ["SELECT 'x', 'it''s'", { x: 'x', "it's": "it's" }],
  [
    'SELECT 1 /* one */, 1 + 1 -- two\n, VERSION() # what\nFROM DUAL',
    { 1: '1', '1 + 1': '2', 'VERSION()': serverVersion },
  ],
  ['SELECT 1+1 AS result FROM DUAL', { result: '2' }],
  [
    'SELECT 2 + 3 * 4 - -1, (2+3)*4, 7 DIV 2, 7 % 4, 1 / 0',
    { '2 + 3 * 4 - -1': '15', '(2+3)*4': '20', '7 DIV 2': '3', '7 % 4': '3', '1 / 0': null },
  ],
  ["SELECT CAST('c' AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin AS anon_1", { anon_1: 'c' }],
  ["SELECT CONVERT_TZ('2001-01-01 01:00:00', 'UTC', 'UTC') IS NOT NULL AS tz", { tz: '1' }],
  ["SELECT CAST('test plain returns' AS CHAR(60)) AS anon_1", { anon_1: 'test plain returns' }],
  [
    "SELECT NULL, TRUE, @unset, IFNULL(NULL, 'b') AS b",
    { NULL: null, TRUE: '1', '@unset': null, b: 'b' },
  ],
  [
    "SELECT 1 = 1 AND NOT 2 > 3 a, 'a' IN ('b', 'a') b, NULL IS NULL c, 'abc' LIKE 'A%_' d, 3 BETWEEN 1 AND 2 e",
    { a: '1', b: '1', c: '1', d: '1', e: '0' },
  ],
  [
    "SELECT LEFT('äbc', 2) a, RIGHT('abc', 2) b, SUBSTRING('abcd', 2, 2) c, SUBSTR('abc', -2) d, LOCATE('B', 'abc') e",
    { a: 'äb', b: 'bc', c: 'bc', d: 'bc', e: '2' },
  ],
  ["SELECT 'a' = 'A' a, 'a' IN ('A') b, 'a' < 'B' c", { a: '1', b: '1', c: '1' }],
  [
    'SELECT 1 AND NULL a, 0 AND NULL b, 1 OR NULL c, 0 OR NULL d, NOT NULL e, NULL BETWEEN 1 AND 2 f',
    { a: null, b: '0', c: '1', d: null, e: null, f: null },
  ],
  ['SELECT @@port', { '@@port': '3999' }],
  [
    "SELECT TIMEDIFF(NOW(), UTC_TIMESTAMP()) a, TIMEDIFF('2026-01-01 00:00:00', '2026-01-02 01:30:00') b, TIMEDIFF('x', NOW()) c",
    { a: '00:00:00', b: '-25:30:00', c: null },
  ],
  [
    "SELECT UNIX_TIMESTAMP('2026-01-01') a, UNIX_TIMESTAMP('2026-01-01 01:00:00') b, UNIX_TIMESTAMP('x') c",
    { a: '1767225600', b: '1767229200', c: null },
  ],
  ['SELECT LAST_INSERT_ID()', { 'LAST_INSERT_ID()': '0' }],
];

for (const [statement, row] of answered)
  test(statement, async () => assert.deepEqual(await table(statement), [row]));

test('the time is that of this machine, in UTC', async () => {
  const [row] = await table('SELECT NOW() AS n, UNIX_TIMESTAMP() AS u, CURRENT_DATE d');
  const { n = '', u, d } = row ?? {};
  assert.match(String(n), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  assert.ok(Math.abs(Date.parse(`${n}Z`) / 1000 - Number(u)) < 5);
  assert.match(String(d), /^\d{4}-\d\d-\d\d$/);
});

test('SHOW VARIABLES, with LIKE and WHERE', async () => {
  const all = await table('SHOW VARIABLES');
  assert.ok(all.length > 40);
  assert.deepEqual(await table("SHOW SESSION VARIABLES LIKE 'lower\\_case\\_table%'"), [
    { Variable_name: 'lower_case_table_names', Value: '0' },
  ]);
  assert.deepEqual(await table("SHOW VARIABLES WHERE Variable_name IN ('port','sql_mode')"), [
    { Variable_name: 'port', Value: '3999' },
    { Variable_name: 'sql_mode', Value: 'STRICT_TRANS_TABLES' },
  ]);
  const both = "variable_name = 'autocommit' OR Variable_name LIKE 'tx%only'";
  assert.deepEqual(await table(`SHOW GLOBAL VARIABLES WHERE ${both}`), [
    { Variable_name: 'autocommit', Value: 'ON' },
    { Variable_name: 'tx_read_only', Value: 'OFF' },
  ]);
  assert.deepEqual(await table("SHOW VARIABLES LIKE 'none of them'"), []);
});

test('the database, its tables and columns', async () => {
  assert.deepEqual(await table('SHOW DATABASES'), [
    { Database: 'information_schema' },
    { Database: 'CometQL_v1' },
  ]);
  assert.deepEqual(await table("SHOW DATABASES LIKE 'comet%'"), [{ Database: 'CometQL_v1' }]);
  const names = [
    ...['pipes', 'pipes_messages', 'pipes_settings', 'revoked_tokens', 'users_auth'],
    ...['users_data', 'users_in_pipes', 'users_messages', 'users_time'],
  ];
  const shown = names.map((name) => ({ Tables_in_CometQL_v1: name }));
  assert.deepEqual(await table('SHOW TABLES'), shown);
  assert.deepEqual(await table('SHOW TABLES FROM information_schema'), []);
  assert.deepEqual(await table("SHOW FULL TABLES FROM `CometQL_v1` LIKE 'pipes'"), [
    { Tables_in_CometQL_v1: 'pipes', Table_type: 'BASE TABLE' },
  ]);
  const status = await table('SHOW TABLE STATUS');
  assert.deepEqual(
    status.map(({ Name }) => Name),
    names,
  );
  const fields = [
    { Field: 'id', Type: 'varchar(9)', Null: 'NO', Key: 'PRI', Default: null, Extra: '' },
    { Field: 'hash', Type: 'varchar(32)', Null: 'NO', Key: '', Default: null, Extra: '' },
  ];
  for (const statement of [
    'SHOW COLUMNS FROM users_auth',
    'SHOW FIELDS IN users_auth FROM CometQL_v1',
    'DESCRIBE users_auth',
    'DESC CometQL_v1.users_auth;',
    'EXPLAIN users_auth',
  ])
    assert.deepEqual(await table(statement), fields, statement);
  assert.deepEqual(await table('DESCRIBE users_auth hash'), [fields[1]]);
  const [first] = await table("SHOW FULL COLUMNS FROM users_data LIKE 'data'");
  assert.deepEqual([first?.Type, first?.Privileges], ['mediumtext', 'select,insert,references']);
  assert.deepEqual((await table('SHOW INDEX FROM users_auth'))[0]?.Column_name, 'id');
  const [made] = await table('SHOW CREATE TABLE `users_auth`');
  assert.match(
    made?.['Create Table'] ?? '',
    /^CREATE TABLE `users_auth` \(\n {2}`id` varchar\(9\)/,
  );
});

test('SHOW STATUS has the numbers of the cluster', async () => {
  const node = await language.node();
  node.heartbeat.start();
  await language.run("INSERT INTO users_auth VALUES (1, 'key')");
  assert.ok(await node.attach(1, 'key'));
  const rows = () =>
    table('SHOW STATUS').then((all) =>
      all.map(({ Variable_name, Value }) => [Variable_name, Value]),
    );
  await eventually(async () => {
    const [online, servers, messages] = await rows();
    assert.deepEqual(
      [online, servers],
      [
        ['user_online', '1'],
        ['server_online', '1'],
      ],
    );
    assert.equal(messages?.[0], 'messages');
  });
  const global = await table('SHOW GLOBAL STATUS');
  assert.deepEqual(
    global.map(({ Variable_name }) => Variable_name),
    [
      ...['user_online', 'server_online', 'messages', 'uptime', 'frontend_online'],
      ...['backend_online', 'frontend_messages', 'backend_messages'],
    ],
  );
  for (const { Value } of global) assert.match(String(Value), /^\d+$/);
  assert.deepEqual(await table("SHOW GLOBAL STATUS LIKE 'backend_online'"), [
    { Variable_name: 'backend_online', Value: '1' },
  ]);
  await node.heartbeat.stop(true);
  node.stop();
});

test('SHOW PROCESSLIST shows the connections', async () => {
  assert.deepEqual(await table('SHOW FULL PROCESSLIST'), [
    {
      Id: '7',
      User: '1',
      Host: '127.0.0.1:5',
      db: null,
      Command: 'Query',
      Time: '1',
      State: '',
      Info: null,
    },
  ]);
});

const shown = [
  'SHOW WARNINGS',
  'SHOW COUNT(*) WARNINGS',
  'SHOW ERRORS LIMIT 5',
  'SHOW ENGINES',
  'SHOW CHARACTER SET',
  "SHOW CHARSET LIKE 'utf8%'",
  'SHOW COLLATION',
  "SHOW COLLATION WHERE Charset = 'utf8mb4' AND Id > 40",
  'SHOW GRANTS FOR CURRENT_USER()',
  'SHOW PLUGINS',
  "SHOW PROCEDURE STATUS WHERE Db = 'CometQL_v1'",
  "SHOW FUNCTION STATUS WHERE `Db`='CometQL_v1'",
  'SHOW TRIGGERS FROM `CometQL_v1`',
  'SHOW EVENTS FROM CometQL_v1',
  'SHOW OPEN TABLES',
  'SHOW MASTER STATUS',
  'SHOW /*!50002 GLOBAL */ STATUS',
  'SHOW CREATE DATABASE `CometQL_v1`',
];

test('everything else that clients have shown is answered', async () => {
  for (const statement of shown) await table(statement);
});

test('preparing tells parameters and columns, and stores nothing', async () => {
  const shape = (statement: string, database = '') => {
    const prepared = prepare(statement, database);
    if (isSqlFault(prepared)) return shownFault(prepared);
    return [prepared.parameters, ...prepared.columns.map(({ name }) => name)];
  };
  assert.deepEqual(shape('INSERT INTO users_auth (id, hash) VALUES (?, ?), (?, ?)'), [4]);
  assert.deepEqual(shape('SELECT * FROM users_auth WHERE id IN (?, ?, 3) LIMIT ?, ?'), [
    4,
    'id',
    'hash',
  ]);
  assert.deepEqual(shape('SELECT ? AS a, VERSION()'), [1, 'a', 'VERSION()']);
  assert.deepEqual(shape('DELETE FROM users_auth WHERE id = ?'), [1]);
  assert.deepEqual(shape('DELETE FROM users_auth WHERE id = ? LIMIT ?'), [2]);
  assert.deepEqual(
    shape("INSERT INTO users_auth VALUES (?, 'x') ON DUPLICATE KEY UPDATE hash = ?"),
    [2],
  );
  assert.deepEqual(shape('SHOW DATABASES'), [0, 'Database']);
  assert.deepEqual(shape('SELECT a FROM mysql.t WHERE b = ? GROUP BY c'), [1, 'a']);
  assert.deepEqual(shape('SELECT * FROM users_auth'), [0, 'id', 'hash']);
  assert.deepEqual(shape('SELECT TABLE_NAME FROM TABLES WHERE ?', 'information_schema'), [
    1,
    'TABLE_NAME',
  ]);
  assert.equal(shape('SELECT ? FROM nope WHERE id = ?'), "15 Table doesn't exist: `nope`");
  assert.equal(shape('SELEC ?'), "3 You have an error in your SQL syntax near 'SELEC ?' at line 1");

  assert.deepEqual(await language.brief('INSERT INTO users_auth VALUES (?, ?)', 31n, 'h'), [1, 31]);
  assert.deepEqual(await language.brief('SELECT * FROM users_auth WHERE id = ?', '31'), [
    ['31', 'h'],
  ]);
  assert.equal(
    await language.brief('INSERT INTO users_auth VALUES (?, ?)', 1.5, 'h'),
    '12 `id` must be an integer from 1 to 999999999',
  );
  assert.equal(
    await language.brief('INSERT INTO users_auth VALUES (?, ?)', null, 'h'),
    '12 field `id` is required',
  );
});

test('a column says which table it is of, and whether it is the key', async () => {
  const outcome = await language.run('SELECT id AS n, hash, 1 FROM users_auth WHERE id = 5');
  assert.ok('rows' in outcome);
  const place = { table: 'users_auth', schema: 'CometQL_v1' };
  assert.deepEqual(outcome.columns, [
    {
      ...{ name: 'n', ...place, primary: true, length: 9 },
      origin: { table: 'users_auth', name: 'id' },
    },
    { name: 'hash', ...place, primary: false, length: 32 },
    { name: '1', table: '', schema: '', primary: false, length: 255 },
  ]);
});

test('a column is of the table as the statement calls it', async () => {
  const names = async (statement: string) => {
    const outcome = await language.run(statement);
    assert.ok('rows' in outcome);
    return outcome.columns.map(({ table, name, origin }) => [
      `${table}.${name}`,
      `${origin?.table}.${origin?.name}`,
    ]);
  };
  assert.deepEqual(await names('SELECT * FROM users_auth AS User WHERE User.id = 5'), [
    ['User.id', 'users_auth.id'],
    ['User.hash', 'users_auth.hash'],
  ]);
  assert.deepEqual(
    await names('SELECT n, c FROM (SELECT id n, 1 c FROM pipes_messages p WHERE 0) t'),
    [
      ['t.n', 'pipes_messages.id'],
      ['t.c', '.c'],
    ],
  );
});
