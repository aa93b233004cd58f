/** Node's two MySQL libraries, in their ways: parameters put into the text, or prepared. */
import { createConnection as createOld } from 'mysql';
import { createConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';

export interface ClientFacts {
  readonly host: string;
  readonly port: number;
  readonly key: string;
  readonly online: number;
  readonly offline: number;
  readonly text: string;
}

type Result = RowDataPacket[] | ResultSetHeader;
type Run = (statement: string, values?: (string | number)[]) => Promise<Result>;

interface Session {
  readonly run: Run;
  close(): Promise<void>;
}

const number = (error: unknown): number => (error as { errno?: number }).errno ?? 0;
const hex = (result: Result): string =>
  Buffer.from(String((result as RowDataPacket[])[0]?.message)).toString('hex');
const affected = (result: Result): number => (result as ResultSetHeader).affectedRows;
const insert = 'INSERT INTO users_messages (id, event, message) VALUES (?, ?, ?)';
const select = 'SELECT id, message FROM users_messages WHERE id = ';

async function scenario(facts: ClientFacts, open: (key: string) => Promise<Session>) {
  const { online, offline, text, key } = facts;
  const lines = [`wrong ${await open('wrong').then(() => 0, number)}`];
  const { run, close } = await open(key);
  const auth = `INSERT INTO users_auth (id, hash) VALUES (${offline}, 'hash-of-${offline}')`;
  lines.push(`auth ${affected(await run(auth))}`);
  lines.push(`online ${affected(await run(insert, [online, 'e', text]))}`);
  lines.push(`offline ${affected(await run(insert, [offline, 'e', text]))}`);
  lines.push(`queue ${hex(await run(select + offline))}`);
  lines.push(`prepared ${hex(await run(`${select}?`, [offline]))}`);
  const removed = await run('DELETE FROM users_messages WHERE id = ?', [offline]);
  lines.push(`deleted ${affected(removed)}`);
  lines.push(`again ${affected(await run(insert, [offline, 'e', text]))}`);
  const error = await run("INSERT INTO users_auth (id, hash) VALUES (1, 'a b')").catch(number);
  lines.push(`error ${error}`);
  await close();
  return lines;
}

export const viaMysql = (facts: ClientFacts): Promise<string[]> =>
  scenario(facts, async (password) => {
    const { host, port } = facts;
    const connection = createOld({ host, port, user: '1', password, database: 'CometQL_v1' });
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => (error ? reject(error) : resolve()));
    });
    return {
      run: (statement, values) =>
        new Promise((resolve, reject) => {
          connection.query(statement, values, (error, result) =>
            error ? reject(error) : resolve(result),
          );
        }),
      close: () => new Promise((resolve) => connection.end(() => resolve())),
    };
  });

export const viaMysql2 = (facts: ClientFacts, way: 'query' | 'execute'): Promise<string[]> =>
  scenario(facts, async (password) => {
    const { host, port } = facts;
    const config = { host, port, user: '1', password, database: 'CometQL_v1' };
    const connection = await createConnection(config);
    return {
      run: async (statement, values = []) => {
        if (way === 'execute') return (await connection.execute<Result>(statement, values))[0];
        return (await connection.query<Result>(statement, values))[0];
      },
      close: () => connection.end(),
    };
  });
