/** What graphical clients ask the schemas that describe MySQL itself. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestRedis, type TestRedis } from '@encke/testing';
import { type Language, openLanguage } from './cometql.fixture.ts';

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

const table = (statement: string) => language.table(statement);

test('information_schema tells the same', async () => {
  const where = "SCHEMA_NAME = 'CometQL_v1'";
  assert.deepEqual(
    await table(`SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE ${where}`),
    [{ DEFAULT_COLLATION_NAME: 'utf8mb4_general_ci' }],
  );
  assert.deepEqual(
    await table(
      "SELECT t.table_name AS n FROM `information_schema`.`TABLES` t WHERE table_schema = DATABASE() AND table_name LIKE 'users%' ORDER BY n DESC LIMIT 2",
    ),
    [{ n: 'users_time' }, { n: 'users_messages' }],
  );
  assert.deepEqual(
    await table(
      "SELECT COLUMN_NAME, ORDINAL_POSITION FROM information_schema.COLUMNS WHERE TABLE_SCHEMA='CometQL_v1' AND TABLE_NAME IN ('pipes') ORDER BY ORDINAL_POSITION",
    ),
    [
      { COLUMN_NAME: 'name', ORDINAL_POSITION: '1' },
      { COLUMN_NAME: 'users', ORDINAL_POSITION: '2' },
    ],
  );
  assert.deepEqual(await table('SELECT COUNT(*) c FROM information_schema.tables'), [{ c: '9' }]);
  for (const name of ['STATISTICS', 'ENGINES', 'CHARACTER_SETS', 'COLLATIONS'])
    assert.ok((await table(`SELECT * FROM information_schema.${name}`)).length > 0, name);
});

test('graphical clients find the database, its tables and columns, in the words they have for it', async () => {
  const count = async (statement: string) => (await table(statement)).length;
  const tables = 'information_schema.TABLES';
  assert.equal(await count(`SELECT t.* FROM ${tables} t WHERE t.TABLE_SCHEMA = 'CometQL_v1'`), 9);
  assert.deepEqual(await table(`SELECT DISTINCT TABLE_SCHEMA FROM ${tables}`), [
    { TABLE_SCHEMA: 'CometQL_v1' },
  ]);
  assert.deepEqual(
    await table(`SELECT COUNT(*) n FROM (SELECT DISTINCT TABLE_SCHEMA FROM ${tables}) x`),
    [{ n: '1' }],
  );
  assert.equal(await count(`SELECT 1 FROM ${tables} WHERE table_name IN ('PIPES', 'x')`), 1);
  await language.run('USE cometql_v1');
  assert.equal(await count(`SELECT 1 FROM ${tables} WHERE TABLE_SCHEMA = DATABASE()`), 9);
  // phpMyAdmin
  assert.deepEqual(
    await table(`SELECT *, CAST(BIN_NAME AS CHAR CHARACTER SET utf8) AS SCHEMA_NAME
      FROM (SELECT BINARY s.SCHEMA_NAME AS BIN_NAME, s.DEFAULT_COLLATION_NAME
        FROM \`information_schema\`.SCHEMATA s
        GROUP BY BINARY s.SCHEMA_NAME, s.DEFAULT_COLLATION_NAME
        ORDER BY BINARY \`SCHEMA_NAME\` ASC LIMIT 0, 100) a`),
    ['CometQL_v1', 'information_schema'].map((name) => ({
      BIN_NAME: name,
      DEFAULT_COLLATION_NAME: 'utf8mb4_general_ci',
      SCHEMA_NAME: name,
    })),
  );
  // Connector/J: getTables, getColumns
  const [first] = await table(`SELECT TABLE_SCHEMA AS TABLE_CAT, NULL AS TABLE_SCHEM, TABLE_NAME,
    CASE WHEN TABLE_TYPE='BASE TABLE' THEN CASE WHEN TABLE_SCHEMA = 'mysql' OR TABLE_SCHEMA = 'performance_schema'
      THEN 'SYSTEM TABLE' ELSE 'TABLE' END
      WHEN TABLE_TYPE='TEMPORARY' THEN 'LOCAL_TEMPORARY' ELSE TABLE_TYPE END AS TABLE_TYPE
    FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'CometQL_v1' AND TABLE_NAME LIKE '%'
    HAVING TABLE_TYPE IN ('TABLE','VIEW') ORDER BY TABLE_TYPE, TABLE_SCHEMA, TABLE_NAME`);
  assert.deepEqual(first, {
    TABLE_CAT: 'CometQL_v1',
    TABLE_SCHEM: null,
    TABLE_NAME: 'pipes',
    TABLE_TYPE: 'TABLE',
  });
  const columns = await table(`SELECT COLUMN_NAME, CASE WHEN UPPER(DATA_TYPE)='VARCHAR' THEN 12
      WHEN LOCATE('unsigned', COLUMN_TYPE) != 0 AND LEFT(DATA_TYPE, 3) = 'INT' THEN 4 ELSE -1 END AS DATA_TYPE,
    UPPER(CASE WHEN LOCATE('(', COLUMN_TYPE) != 0 THEN SUBSTRING(COLUMN_TYPE, 1, LOCATE('(', COLUMN_TYPE) - 1)
      ELSE COLUMN_TYPE END) AS TYPE_NAME,
    IF (EXTRA LIKE '%auto_increment%','YES','NO') AS IS_AUTOINCREMENT
    FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = 'CometQL_v1' AND TABLE_NAME = 'users_data'
    ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`);
  const no = { IS_AUTOINCREMENT: 'NO' };
  assert.deepEqual(columns, [
    { COLUMN_NAME: 'id', DATA_TYPE: '12', TYPE_NAME: 'VARCHAR', ...no },
    { COLUMN_NAME: 'data', DATA_TYPE: '-1', TYPE_NAME: 'MEDIUMTEXT', ...no },
  ]);
});

test('how many there are of what there is none of is 0', async () => {
  for (const statement of [
    'SELECT COUNT(*) n FROM information_schema.ROUTINES',
    'SELECT COUNT(DISTINCT a) AS n FROM mysql.user WHERE b REGEXP 1',
  ])
    assert.deepEqual(await table(statement), [{ n: '0' }], statement);
  assert.deepEqual(
    await table('SELECT COUNT(*) n FROM information_schema.ROUTINES GROUP BY ROUTINE_SCHEMA'),
    [],
  );
});

const nowhere: readonly (readonly [statement: string, names: readonly string[]])[] = [
  [
    "SELECT *, EVENT_SCHEMA AS `Db`, EVENT_NAME Name FROM information_schema.`EVENTS` WHERE `EVENT_SCHEMA`='x'",
    ['*', 'Db', 'Name'],
  ],
  [
    'SELECT k.COLUMN_NAME, COUNT(DISTINCT r.X) AS n FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r ON k.A = r.B GROUP BY 1',
    ['COLUMN_NAME', 'n'],
  ],
  ['SELECT user, host FROM mysql.user', ['user', 'host']],
  [
    'SELECT IF(a, b, (SELECT 1)) FROM performance_schema.t UNION SELECT 2',
    ['IF(a, b, (SELECT 1))'],
  ],
  ["SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE a REGEXP 'b'", ['ROUTINE_NAME']],
];

test('what there is none of has no rows, however it is asked for', async () => {
  for (const [statement, names] of nowhere) {
    const outcome = await language.run(statement);
    assert.ok('rows' in outcome, statement);
    assert.deepEqual(outcome.rows, [], statement);
    assert.deepEqual(
      outcome.columns.map(({ name }) => name),
      names,
      statement,
    );
  }
});
