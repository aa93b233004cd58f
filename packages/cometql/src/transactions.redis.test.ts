/** What clients are told of transactions, which are none: PDO and JDBC believe only the status of an answer. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RedisServer, startRedis } from '@encke/testing';
import { entered, flags, isOk, packet, query, type RawClient } from '@encke/testing/raw-mysql';
import { type Language, openLanguage } from './cometql.fixture.ts';
import { execute, prepare } from './execute.ts';
import { capability, status } from './wire/constants.ts';
import { startWire, type Wire } from './wire-server.fixture.ts';

const { inTransaction, autocommit, moreResults } = status;

let wire: Wire;
let client: RawClient;
before(async () => {
  wire = await startWire({ language: { execute, prepare } });
  client = await entered(wire.port, { capabilities: flags | capability.multiStatements });
});
after(async () => {
  client?.destroy();
  await wire?.stop();
});

async function statusAfter(command: Buffer): Promise<number> {
  client.send(command);
  const answer = await client.packet();
  assert.ok(isOk(answer));
  return answer.payload.readUInt16LE(3);
}

const begun: readonly (readonly [statement: string, inTransaction: boolean])[] = [
  ['BEGIN', true],
  ['SAVEPOINT a', true],
  ['ROLLBACK TO SAVEPOINT a', true],
  ['ROLLBACK WORK TO a', true],
  ['COMMIT', false],
  ['START TRANSACTION READ ONLY', true],
  ['/* done */ rollback;', false],
  ['START REPLICA', false],
  ['begin work', true],
  ['SET autocommit=1', false],
];

test('a transaction has begun until COMMIT or ROLLBACK', async () => {
  for (const [statement, is] of begun)
    assert.equal(
      await statusAfter(query(statement)),
      autocommit | (is ? inTransaction : 0),
      statement,
    );
});

test('COM_RESET_CONNECTION ends it, and turns autocommit on', async () => {
  assert.equal(await statusAfter(query('SET autocommit=0')), 0);
  assert.equal(await statusAfter(query('BEGIN')), inTransaction);
  assert.equal(await statusAfter(packet(0, [0x1f])), autocommit);
});

test('every answer to several statements in one packet says it', async () => {
  assert.equal(await statusAfter(query('BEGIN; COMMIT')), inTransaction | autocommit | moreResults);
  assert.equal((await client.packet()).payload.readUInt16LE(3), autocommit);
});

test('rows say it as well', async () => {
  await statusAfter(query('BEGIN'));
  client.send(query('SELECT 1'));
  const packets: Buffer[] = [];
  for (let i = 0; i < 5; i++) packets.push((await client.packet()).payload);
  assert.equal(packets[4]?.readUInt16LE(3), inTransaction | autocommit);
  await statusAfter(query('COMMIT'));
});

const switched: readonly (readonly [statement: string, autocommit: boolean])[] = [
  ['SET autocommit=0', false],
  ['SET @@session.autocommit = ON', true],
  ["SET NAMES utf8mb4, SESSION autocommit = 'off'", false],
  ['SET GLOBAL autocommit = 1', false],
  ["SET sql_mode = concat(@@sql_mode, 'x'), autocommit := TRUE", true],
  ["SET @a = 'autocommit=0', @b = (1, 'autocommit')", true],
  ['SET `autocommit` = 0', false],
  ['SET autocommit = @a', false],
  ['SET AUTOCOMMIT = 1', true],
];

test('SET autocommit, however it is written', async () => {
  for (const [statement, on] of switched)
    assert.equal(await statusAfter(query(statement)), on ? autocommit : 0, statement);
});

test('without autocommit a statement about a table begins a transaction', async (t) => {
  const redis: RedisServer = await startRedis();
  const language: Language = await openLanguage(redis.env);
  t.after(async () => {
    await language.stop();
    await redis.stop();
  });
  const { state } = language.caller;
  const begins = async (statement: string) => {
    await language.run('COMMIT');
    await language.run(statement);
    return state.inTransaction;
  };
  const insert = "INSERT INTO users_auth VALUES (1, 'x')";
  assert.equal(await begins(insert), false);
  await language.run('SET autocommit = 0');
  assert.deepEqual(await language.brief('SELECT @@autocommit'), [['0']]);
  assert.equal(await begins(insert), true);
  assert.equal(await begins('SELECT 1'), false);
  assert.equal(await begins('SELECT * FROM users_auth WHERE id = 1'), true);
  assert.equal(await begins('DELETE FROM users_auth WHERE id = 1'), true);
  assert.equal(await begins('SET autocommit = 1'), false);
});
