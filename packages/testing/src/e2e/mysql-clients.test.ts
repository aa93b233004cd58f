/** Real clients of many languages do what a site does: log in, register, send, read the queue, delete, make a mistake. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Nodes, startNodes, startRedis, type TestRedis, V1Device } from '@encke/testing';
import { type ClientFacts, viaMysql, viaMysql2 } from './mysql-clients/node-clients.ts';

const text =
  'it\'s "quoted" \\ back\\\\slash %_ ; -- # /* \n newline, é ☃ 😀 𝄞, a NUL \0 and an end\\';
const hex = Buffer.from(text).toString('hex');
const apiKey = 'test-api-key';
const javaLibrary = '/usr/share/java/mariadb-java-client.jar';
const folder = fileURLToPath(new URL('mysql-clients/', import.meta.url));
const patience = { timeout: 120_000 };

let redis: TestRedis;
let nodes: Nodes;
let users = 1_000;

before(async () => {
  redis = await startRedis();
  nodes = await startNodes({ redis, gateways: 1, cometql: true });
});
after(async () => {
  await nodes?.stop();
  await redis?.stop();
});

/** A sentence when this machine lacks what a client needs. */
function lacking(program: string, args: readonly string[], cwd = folder): string | false {
  try {
    execFileSync(program, args, { stdio: 'ignore', cwd, ...patience });
    return false;
  } catch {
    return `\`${[program, ...args].join(' ')}\` does not work on this machine`;
  }
}

async function run(
  program: string,
  args: readonly string[],
  facts: ClientFacts,
  cwd = folder,
): Promise<string[]> {
  const { host, port, key, online, offline } = facts;
  const own = { HOST: host, PORT: port, KEY: key, ONLINE: online, OFFLINE: offline, TEXT: hex };
  const env = { ...process.env, ...own } as unknown as NodeJS.ProcessEnv;
  const { stdout } = await promisify(execFile)(program, [...args], {
    env,
    cwd,
    ...patience,
  });
  return stdout.trim().split('\n');
}

function client(
  name: string,
  skip: string | false,
  work: (facts: ClientFacts) => Promise<string[]>,
): void {
  test(name, { skip }, async (t) => {
    const [online, offline] = [users, users + 1];
    users += 2;
    await nodes.api.setHash(online, 'secret');
    const gateway = nodes.addresses[0] ?? '';
    const browser = new V1Device(gateway, { app: 1, user: online, key: 'secret' });
    t.after(() => browser.socket.terminate());
    await browser.ready;
    const port = nodes.cometql?.port ?? 0;
    const facts = { host: '127.0.0.1', port, key: apiKey, online, offline, text };
    assert.deepEqual(await work(facts), [
      ...['wrong 1045', 'auth 1', 'online 0', 'offline 0'],
      ...[`queue ${hex}`, `prepared ${hex}`, 'deleted 1', 'again 0', 'error 12'],
    ]);
    await browser.message(1);
    assert.deepEqual(
      browser.messages.map(({ event, data }) => [event, data]),
      [['e', text]],
    );
    // The hash that the client registered lets its user in, and the message that it left waits there.
    const late = new V1Device(gateway, { app: 1, user: offline, key: `hash-of-${offline}` });
    t.after(() => late.socket.terminate());
    assert.equal((await late.ready).authorized, true);
    await late.message(1);
    assert.deepEqual(
      late.messages.map(({ data }) => data),
      [text],
    );
  });
}

const quoted = (value: string): string =>
  `'${value.replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\0', '\\0')}'`;

/** The command line has neither parameters nor a count of rows but in words. */
async function viaCommandLine(program: string, facts: ClientFacts): Promise<string[]> {
  const { host, port, key, online, offline } = facts;
  const call = async (statement: string, password = key): Promise<Buffer> => {
    const args = ['-h', host, '-P', String(port), '-u', '1', `-p${password}`, 'CometQL_v1'];
    const more = ['-N', '--raw', '--batch', '-vv', '-e', statement];
    const settings = { encoding: 'buffer', ...patience } as const;
    return (await promisify(execFile)(program, [...args, ...more], settings)).stdout;
  };
  const errno = (error: { stderr: Buffer }) => /ERROR (\d+)/.exec(String(error.stderr))?.[1];
  const affected = async (statement: string) =>
    /Query OK, (\d+) row/.exec(String(await call(statement)))?.[1];
  const message = async () => {
    const output = await call(`SELECT message FROM users_messages WHERE id = ${offline}`);
    return output.includes(Buffer.from(`\n${text}\n`)) ? hex : output.toString('hex');
  };
  const insert = (user: number) =>
    affected(
      `INSERT INTO users_messages (id, event, message) VALUES (${user}, 'e', ${quoted(text)})`,
    );
  const auth = `INSERT INTO users_auth (id, hash) VALUES (${offline}, 'hash-of-${offline}')`;
  return [
    `wrong ${await call('SELECT 1', 'wrong').catch(errno)}`,
    `auth ${await affected(auth)}`,
    `online ${await insert(online)}`,
    `offline ${await insert(offline)}`,
    `queue ${await message()}`,
    `prepared ${await message()}`,
    `deleted ${await affected(`DELETE FROM users_messages WHERE id = ${offline}`)}`,
    `again ${await insert(offline)}`,
    `error ${await call("INSERT INTO users_auth (id, hash) VALUES (1, 'a b')").catch(errno)}`,
  ];
}

for (const program of ['mariadb', 'mysql'])
  client(`the command line ${program}`, lacking(program, ['--version']), (facts) =>
    viaCommandLine(program, facts),
  );

const php = (module: string) =>
  lacking('php', ['-r', `exit(extension_loaded('${module}') ? 0 : 1);`]);
client('PHP mysqli', php('mysqli'), (facts) => run('php', ['client.php', 'mysqli'], facts));
for (const way of ['pdo-emulated', 'pdo-native'])
  client(`PHP ${way}`, php('pdo_mysql'), (facts) => run('php', ['client.php', way], facts));

const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
client('Python PyMySQL', lacking(python, ['-c', 'import pymysql']), (facts) =>
  run(python, ['client.py'], facts),
);

client('Node mysql', false, viaMysql);
client('Node mysql2', false, (facts) => viaMysql2(facts, 'query'));
client('Node mysql2, prepared', false, (facts) => viaMysql2(facts, 'execute'));

const java = existsSync(javaLibrary)
  ? lacking('javac', ['-version'])
  : `there is no ${javaLibrary}`;
for (const way of ['text', 'native'])
  client(`JDBC, ${way} prepares`, java, (facts) =>
    run('java', ['-cp', javaLibrary, 'Client.java', way], facts),
  );

const goFolder = `${folder}go`;
const go = lacking('go', ['build', '-o', '/dev/null', '.'], goFolder);
for (const way of ['prepared', 'interpolated'])
  client(`Go go-sql-driver, ${way}`, go, (facts) => run('go', ['run', '.', way], facts, goFolder));
