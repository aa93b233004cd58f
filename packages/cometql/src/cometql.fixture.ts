import assert from 'node:assert/strict';
import { type Cluster, openCluster } from '@encke/cluster';
import {
  type App,
  type Device,
  newNode,
  type Session,
  sessionId,
  type User,
} from '@encke/protocol';
import { loadConfig } from '@encke/service';
import type { Caller, Parameter } from './caller.ts';
import { execute } from './execute.ts';
import { isSqlFault, type Row, type SqlFault } from './outcome.ts';
import { newState } from './state.ts';

export type Env = Readonly<Record<string, string>>;

let installs = 0;

/** Statements on a Redis, with a key prefix of their own. */
export async function openLanguage(env: Env) {
  installs += 1;
  const config = loadConfig({ ENCKE_REDIS_PREFIX: `q${process.pid}-${installs}`, ...env });
  const cluster = await openCluster(config);
  const caller: Caller = {
    app: 1 as App,
    database: 'CometQL_v1',
    state: newState(),
    cluster,
    config,
    connection: 7,
    user: '1',
    connections: () => [
      { id: 7, user: '1', host: '127.0.0.1:5', database: '', command: 'Query', seconds: 1.9 },
    ],
  };
  const run = (statement: string, ...parameters: Parameter[]) =>
    execute(caller, statement, parameters);
  return {
    cluster,
    caller,
    run,
    /** The outcome in short: `[affected rows, insert id]`, rows, or `errno text`. */
    async brief(statement: string, ...parameters: Parameter[]) {
      const outcome = await run(statement, ...parameters);
      if (isSqlFault(outcome)) return shownFault(outcome);
      return outcome.kind === 'ok' ? [outcome.affectedRows, outcome.insertId] : outcome.rows;
    },
    /** Rows by the names of their columns. */
    async table(statement: string) {
      const outcome = await run(statement);
      assert.ok('rows' in outcome, `${statement}: ${isSqlFault(outcome) && shownFault(outcome)}`);
      const names = outcome.columns.map(({ name }) => name);
      for (const row of outcome.rows) assert.equal(row.length, names.length, statement);
      return outcome.rows.map((row) =>
        Object.fromEntries(row.map((value, i) => [names[i], value])),
      );
    },
    node: () => startNode(cluster, caller.app),
    stop: () => cluster.close(),
  };
}

export type Language = Awaited<ReturnType<typeof openLanguage>>;

export const shownFault = ({ errno, message }: SqlFault): string => `${errno} ${message}`;

/** A gateway without sockets. */
async function startNode(cluster: Cluster, app: App) {
  const node = newNode();
  const closed: string[] = [];
  const messages: (readonly string[])[] = [];
  let subscribed = (): void => {};
  const up = new Promise<void>((resolve) => {
    subscribed = resolve;
  });
  const handlers = {
    message: ({ target, event, data }: Record<'target' | 'event' | 'data', string>) =>
      messages.push([target, event, data]),
    channel: (target: string, { event, data }: Record<'event' | 'data', string>) =>
      messages.push([target, event, data]),
    evicted: () => {},
    close: (target: string, reason: string) => closed.push(`${target} ${reason}`),
    revoked: (target: string) => closed.push(`${target} revoked`),
    up: () => subscribed(),
    down: () => {},
    lag: () => {},
  };
  const { registry, subscriptions, bus, heartbeat } = cluster.join(node, handlers, () => {});
  bus.start();
  await up;
  let sessions = 0;
  const newSession = (): Session => {
    sessions += 1;
    return sessionId(node, sessions);
  };
  return {
    closed,
    messages,
    heartbeat,
    attach: (user: number, key: string) =>
      registry.attach({
        app,
        user: user as User,
        device: 'phone' as Device,
        session: newSession(),
        key,
      }),
    newSession,
    subscriptions,
    stop: () => bus.stop(),
  };
}

export type Rows = readonly Row[];
