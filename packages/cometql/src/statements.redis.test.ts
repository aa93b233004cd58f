/** Every statement of the language, with its literal result. The rows of a table below follow each other on one Redis. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Channel, Device, User } from '@encke/protocol';
import { eventually, startTestRedis, type TestRedis } from '@encke/testing';
import { type Language, openLanguage } from './cometql.fixture.ts';
import { isSqlFault } from './outcome.ts';
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
  'users_auth',
  ["INSERT INTO users_auth (id, hash) VALUES (101, 'a1')", [1, 101]],
  ['SELECT * FROM users_auth WHERE id = 101', [['101', 'a1']]],
  ["INSERT INTO users_auth VALUES (101, 'Az09=+/_-')", [1, 101]],
  ["REPLACE INTO users_auth (hash, id) VALUES ('', '102')", [1, 102]],
  ["insert users_auth set id = 103, hash = 'c';", [1, 103]],
  ["INSERT INTO users_auth (id, hash) VALUES (104, 'd'), (105, 'e')", [2, 105]],
  [
    "INSERT INTO users_auth (id, hash) VALUES (105, 'f') ON DUPLICATE KEY UPDATE hash = VALUES(hash)",
    [1, 105],
  ],
  [
    "INSERT INTO users_auth (id, hash) VALUES (105, 'g') ON DUPLICATE KEY UPDATE hash='g'",
    [1, 105],
  ],
  [
    "INSERT INTO users_auth (id, hash) VALUES (105, 'g'), (107, 'i') AS new ON DUPLICATE KEY UPDATE hash = `New`.hash",
    [2, 107],
  ],
  [
    "INSERT INTO users_auth SET id = 107, hash = 'j' AS n ON DUPLICATE KEY UPDATE id = n.id, hash = n.hash",
    [1, 107],
  ],
  ['SELECT hash FROM users_auth WHERE id = 107', [['j']]],
  ["INSERT INTO users_auth VALUES (107, 'k') AS n", [1, 107]],
  ['DELETE FROM users_auth WHERE id = 107', [1, 0]],
  ['INSERT INTO users_auth (id, hash) VALUES (?, ?)', [1, 106], 106, 'h'],
  [
    'SELECT id, hash FROM users_auth WHERE id IN (102, 1, 101, 105, 101)',
    [
      ['102', ''],
      ['101', 'Az09=+/_-'],
      ['105', 'g'],
    ],
  ],
  ['SELECT hash FROM users_auth WHERE id = 103 OR (id = 104)', [['c'], ['d']]],
  ['SELECT 1 FROM users_auth WHERE 103 = id', [['1']]],
  ['SELECT * FROM users_auth WHERE id = 99', []],
  ['DELETE FROM users_auth WHERE id = 103', [1, 0]],
  ['DELETE FROM users_auth WHERE id IN (101, 103, 104, ?)', [3, 0], 105],
  ['DELETE FROM users_auth WHERE id = 102 LIMIT 1', [1, 0]],
  ['SELECT COUNT(*) FROM users_auth WHERE id IN (101,102,103,104,105,106)', [['1']]],
);

steps(
  'what the last statement did',
  ["INSERT INTO users_auth VALUES (108, 'a'), ('0000109', 'b')", [2, 109]],
  ['SELECT ROW_COUNT(), LAST_INSERT_ID()', [['2', '109']]],
  ['SELECT id FROM users_auth WHERE id IN (107, 108, 109)', [['108'], ['109']]],
  ['SELECT FOUND_ROWS(), ROW_COUNT(), LAST_INSERT_ID()', [['2', '-1', '109']]],
  ['DELETE FROM users_auth WHERE id IN (108, 109)', [2, 0]],
  ['SELECT ROW_COUNT(), LAST_INSERT_ID()', [['2', '109']]],
);

steps(
  'users_messages to somebody who is offline',
  ["INSERT INTO users_messages (id, event, message) VALUES (201, 'e1', 'first')", [0, 201]],
  ["INSERT INTO users_messages (id, index, event, message) VALUES (201, 0, '', '2')", [0, 201]],
  ["INSERT INTO users_messages VALUES (201, 0, 'e-_3', 3), (202, 0, 'x', 'y')", [0, 202]],
  [
    'SELECT * FROM users_messages WHERE id = 201',
    [
      ['201', '0', 'e1', 'first'],
      ['201', '1', '', '2'],
      ['201', '2', 'e-_3', '3'],
    ],
  ],
  [
    'SELECT message, `index` FROM users_messages WHERE id IN (202, 201) LIMIT 2',
    [
      ['y', '0'],
      ['first', '0'],
    ],
  ],
  ['DELETE FROM users_messages WHERE id IN (201, 202, 203)', [4, 0]],
  ['SELECT * FROM users_messages WHERE id IN (201, 202)', []],
);

steps(
  'users_data',
  [`INSERT INTO users_data (id, data) VALUES (301, '{"n":1}')`, [1, 301]],
  [`INSERT INTO users_data (id, data) VALUES (301, '{"n":2}'), (302, '')`, [2, 302]],
  [
    'SELECT * FROM users_data WHERE id IN (300, 301, 302)',
    [
      ['301', '{"n":2}'],
      ['302', ''],
    ],
  ],
  ['DELETE FROM users_data WHERE id IN (300, 301)', [1, 0]],
  ['SELECT data FROM users_data WHERE id = 301', []],
);

steps(
  'pipes_settings and pipes_messages',
  [`INSERT INTO pipes_settings ("name","length") VALUES ('p10', 2)`, [1, 0]],
  ["INSERT INTO pipes_messages (name, event, message) VALUES ('p10', 'e', 'one')", [0, 0]],
  [
    "INSERT INTO pipes_messages (name, event, message) VALUES ('p10','','two'),('p10','e','three')",
    [0, 0],
  ],
  ["INSERT INTO pipes_messages VALUES ('', 0, 'p11', 0, 'e', 'kept by nobody', 0)", [0, 0]],
  [
    "SELECT name, `index`, event, message, user_id FROM pipes_messages WHERE name IN ('p10','p11')",
    [
      ['p10', '0', '', 'two', '0'],
      ['p10', '1', 'e', 'three', '0'],
    ],
  ],
  ["SELECT * FROM pipes_settings WHERE name IN ('p10', 'p11')", [['p10', '2']]],
  ["INSERT INTO pipes_settings VALUES ('p10', '1'), ('p12', 10000000000)", [2, 0]],
  ["SELECT message FROM pipes_messages WHERE name = 'p10'", [['three']]],
  [
    "SELECT length FROM pipes_settings WHERE name IN ('p10', 'p12') ORDER BY name DESC",
    [['99'], ['1']],
  ],
  ["DELETE FROM pipes_messages WHERE name IN ('p10', 'p11')", [1, 0]],
  ["SELECT COUNT(*) AS n FROM pipes_messages WHERE name = 'p10'", [['0']]],
  ["INSERT INTO pipes_messages (name, message) VALUES ('p10', 'four')", [0, 0]],
  ["DELETE FROM pipes_settings WHERE name IN ('p10', 'p11')", [1, 0]],
  ["SELECT * FROM pipes_messages WHERE name = 'p10'", []],
  ["SELECT * FROM pipes_settings WHERE name = 'p10'", []],
);

test('a kept message has an id and its time in seconds', async () => {
  await language.run("INSERT INTO pipes_settings VALUES ('timed', 5)");
  await language.run("INSERT INTO pipes_messages (name, message) VALUES ('timed', 'x')");
  const rows = await language.brief("SELECT id, time FROM pipes_messages WHERE name = 'timed'");
  const [[id = '', time = '']] = rows as [[string, string]];
  assert.match(id, /^[a-z0-9-]{5,64}$/);
  assert.ok(Math.abs(Number(time) - Date.now() / 1000) < 60);
});

steps(
  'revoked_tokens',
  ["INSERT INTO revoked_tokens (token) VALUES ('a.b.c')", [1, 1]],
  ["INSERT INTO revoked_tokens VALUES ('d.e.f'), (?)", [2, 1], 'é'.repeat(300)],
  ["SELECT * FROM revoked_tokens WHERE token = 'a.b.c'", [['a.b.c']]],
  ["SELECT * FROM revoked_tokens WHERE token = 'a.b'", []],
  ['SELECT COUNT(*) FROM revoked_tokens', [['3']]],
  ['SELECT token FROM revoked_tokens ORDER BY token LIMIT 1, 5', [['d.e.f'], ['é'.repeat(300)]]],
  ["DELETE FROM revoked_tokens WHERE token IN ('a.b.c', 'x.y.z')", [1, 0]],
  ["SELECT * FROM revoked_tokens WHERE token = 'a.b.c'", []],
);

test('a token that was revoked over HTTP is found and removed by what SELECT shows, also a long one', async () => {
  const { cluster, caller } = language;
  const token = `a.${'b'.repeat(4_092)}.c`;
  await cluster.revoke(caller.app, token);
  const found = 'FROM revoked_tokens WHERE token = ?';
  assert.deepEqual(await language.brief(`SELECT * ${found}`, token), [[token]]);
  assert.deepEqual(await language.brief(`DELETE ${found}`, token), [1, 0]);
  assert.deepEqual(await language.brief(`SELECT * ${found}`, token), []);
});

steps(
  'what a statement may look like',
  ["insert INTO `users_auth` (`id`, `hash`) values ('401', 'a') ;", [1, 401]],
  ['SELECT "hash" FROM "users_auth" WHERE "id" = "401"', [['a']]],
  ['SELECT `CometQL_v1`.`users_auth`.`hash` FROM `CometQL_v1`.users_auth WHERE id=401', [['a']]],
  ['select u.hash from users_auth as u where u.id = 401', [['a']]],
  ['SELECT u.*, 1, `u` . * FROM users_auth u WHERE u.id = 401', [['401', 'a', '1', '401', 'a']]],
  ['SELECT CometQL_v1.users_auth.* FROM users_auth WHERE id = 401', [['401', 'a']]],
  ['SELECT/**/hash# a comment\nFROM users_auth -- another\nWHERE id/*!=*/401', [['a']]],
  ['/*!40101 SELECT hash */ FROM users_auth WHERE /*!id*/ = 401', [['a']]],
  ['\n\tSELECT\r\nID, HASH FROM USERS_AUTH WHERE ID = +401', [['401', 'a']]],
  [`INSERT INTO users_data VALUES (401, "it's"' and'" more")`, [1, 401]],
  [
    'INSERT INTO users_data VALUES (402, 1 + 1)',
    "3 You have an error in your SQL syntax near '+ 1)' at line 1",
  ],
  ["INSERT INTO users_data VALUES (402, CONCAT('a', 'b')), (403, X'c3A9'), (404, 0x41)", [3, 404]],
  [
    "INSERT INTO users_data VALUES (405, _binary'b'), (406, N'n'), (407, 1.50), (408, -2)",
    [4, 408],
  ],
  [
    'SELECT data FROM users_data WHERE id IN (402,403,404,405,406,407,408)',
    [['ab'], ['é'], ['A'], ['b'], ['n'], ['1.50'], ['-2']],
  ],
);

/** What is written, and what arrives. */
const texts: readonly (readonly [literal: string, text: string])[] = [
  ["'it''s'", "it's"],
  ["'it\\'s'", "it's"],
  [`"it's"`, "it's"],
  [`'say "hi"'`, 'say "hi"'],
  [`"say ""hi"""`, 'say "hi"'],
  [`'\\"'`, '"'],
  ["'\\\\'", '\\'],
  ["'a\\nb\\rc\\td'", 'a\nb\rc\td'],
  ["'a\nb'", 'a\nb'],
  ["'\\0\\b\\Z'", '\0\b\x1a'],
  ["'\0'", '\0'],
  ["'\\%\\_'", '\\%\\_'],
  ["'\\q\\é'", 'qé'],
  ["'😀 \u2028 ünï'", '😀 \u2028 ünï'],
  ['\'{"a":[1]}\'', '{"a":[1]}'],
  ["''", ''],
  [`'${"''\\\\\\n\\%".repeat(1_000)}'`, "'\\\n\\%".repeat(1_000)],
  ["'-- no comment /* nor this */ # nor that ; ?'", '-- no comment /* nor this */ # nor that ; ?'],
];

test('text arrives as it was meant, and is read so', async () => {
  const node = await language.node();
  await language.run("INSERT INTO users_auth VALUES (501, 'key')");
  assert.ok(await node.attach(501, 'key'));
  for (const [literal, text] of texts) {
    await language.brief(`INSERT INTO users_messages (id, message) VALUES (501, ${literal})`);
    await language.brief('INSERT INTO users_messages (id, message) VALUES (501, ?)', text);
  }
  const twice = texts.flatMap(([, text]) => [text, text]);
  const rows = await language.brief('SELECT message FROM users_messages WHERE id = 501');
  assert.deepEqual(
    rows,
    twice.map((text) => [text]),
  );
  await eventually(() =>
    assert.deepEqual(
      node.messages.map(([, , data = '']) => JSON.parse(data)),
      twice,
    ),
  );
  node.stop();
});

test('what HTTP stored that is no string is shown as its JSON', async () => {
  const { cluster, caller } = language;
  const user = 502 as User;
  for (const data of ['{"a":"\\u00e9"}', 'null', '1e3', '"text"'])
    await cluster.append({ app: caller.app, user, event: '', data });
  const rows = await language.brief('SELECT message FROM users_messages WHERE id = 502');
  assert.deepEqual(rows, [['{"a":"\\u00e9"}'], ['null'], ['1e3'], ['text']]);
});

test('users_time: 0 online now, seconds when last seen, -1 never', async () => {
  const node = await language.node();
  await language.run("INSERT INTO users_auth VALUES (601, 'key')");
  assert.ok(await node.attach(601, 'key'));
  assert.deepEqual(await language.brief('SELECT * FROM users_time WHERE id IN (601, 602)'), [
    ['601', '0'],
    ['602', '-1'],
  ]);
  node.stop();
});

test('deleting from users_auth closes the sockets of that user', async () => {
  const node = await language.node();
  await language.run("INSERT INTO users_auth VALUES (611, 'key')");
  assert.ok(await node.attach(611, 'key'));
  assert.deepEqual(await language.brief('DELETE FROM users_auth WHERE id = 611'), [1, 0]);
  await eventually(() => assert.deepEqual(node.closed, ['1:611 signedOut']));
  node.stop();
});

test('pipes and users_in_pipes: who is subscribed, on all nodes', async () => {
  const nodes = [await language.node(), await language.node()];
  const channel = 'room' as Channel;
  const { app } = language.caller;
  for (const [i, { newSession, subscriptions }] of nodes.entries()) {
    const member = {
      session: newSession(),
      user: (i === 0 ? 701 : 0) as User | 0,
      device: `d${i}` as Device,
      agent: `it's a "browser"`,
      ip: '10.0.0.1',
      origin: 'https://example.com',
      language: 'de',
    };
    await subscriptions.report({ app, channel, count: 1, joined: [member], kept: [], left: [] });
  }
  assert.deepEqual(await language.brief("SELECT * FROM pipes WHERE name IN ('room', 'void')"), [
    ['room', '2'],
    ['void', '0'],
  ]);
  const rows = await language.brief(
    "SELECT * FROM users_in_pipes WHERE name = 'room' ORDER BY user_uuid",
  );
  const rest = [`it's a "browser"`, '10.0.0.1', 'https://example.com', 'de'];
  assert.deepEqual(rows, [
    ['room', '701', 'd0', ...rest],
    ['room', '0', 'd1', ...rest],
  ]);
  assert.deepEqual(
    await language.brief(
      "INSERT INTO pipes_messages (name, event, message) VALUES ('room','e','x')",
    ),
    [0, 0],
  );
  await eventually(() => {
    for (const { messages } of nodes) assert.deepEqual(messages, [['1:room', 'e', '"x"']]);
  });
  for (const node of nodes) node.stop();
});

test('rows of one INSERT, and statements that begin together, keep their order', async () => {
  const values = Array.from({ length: 2_500 }, (_, i) => `(801, 'e', '${i}')`).join(',');
  const long = `INSERT INTO users_messages (id, event, message) VALUES ${values}`;
  assert.deepEqual(await language.brief(long), [0, 801]);
  const { stats } = language.cluster;
  assert.equal(stats.overflowed, 1_500);
  const rows = await language.brief('SELECT message FROM users_messages WHERE id = 801');
  assert.deepEqual(
    rows,
    Array.from({ length: 1_000 }, (_, i) => [String(1_500 + i)]),
  );

  const short = (text: string) => `INSERT INTO users_messages VALUES (803, 0, '', '${text}')`;
  const many = Array.from({ length: 1_500 }, (_, i) => `(803, 0, '', '${i}')`).join(',');
  await Promise.all([
    language.run(short('first')),
    language.run(`INSERT INTO users_messages VALUES ${many}`),
    language.run(short('last')),
  ]);
  const tail = 'SELECT message FROM users_messages WHERE id = 803 LIMIT 998, 2';
  assert.deepEqual(await language.brief(tail), [['1499'], ['last']]);

  const begun = Array.from({ length: 300 }, (_, i) =>
    language.run(`INSERT INTO users_messages VALUES (802, 0, 'e', '${i}')`),
  );
  await Promise.all(begun);
  const kept = await language.brief('SELECT message FROM users_messages WHERE id = 802');
  assert.deepEqual(
    kept,
    Array.from({ length: 300 }, (_, i) => [String(i)]),
  );
});

test('apps do not see each other', async () => {
  await language.run("INSERT INTO users_auth VALUES (901, 'mine')");
  const other = { ...language.caller, app: 2 as typeof language.caller.app };
  const { execute } = await import('./execute.ts');
  const outcome = await execute(other, 'SELECT * FROM users_auth WHERE id = 901', []);
  assert.ok('rows' in outcome && outcome.rows.length === 0);
});

test('every statement of docs/cometql.md is carried out', async () => {
  const page = readFileSync(new URL('../../../docs/cometql.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/^```sql\n([\s\S]*?)^```/gm)].map(([, text = '']) => text);
  const statements = blocks.flatMap((text) => text.trimEnd().split('\n'));
  assert.ok(statements.length > 20);
  for (const statement of statements) {
    const outcome = await language.run(statement);
    assert.ok(!isSqlFault(outcome), `${statement}: ${JSON.stringify(outcome)}`);
  }
});
