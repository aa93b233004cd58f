import { type AddressInfo, createServer, type Server } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type Cluster, openCluster } from '@encke/cluster';
import {
  type Config,
  ConfigError,
  type Context,
  type Running,
  readTls,
  spareFiles,
} from '@encke/service';
import { KeyPair } from './authentication/key-pair.ts';
import { Passwords } from './authentication/passwords.ts';
import type { House, Patience } from './client.ts';
import { registerCometqlMetrics } from './cometql-metrics.ts';
import { Connections } from './connections.ts';
import { Failures } from './failures.ts';
import type { Language } from './language.ts';
import { observeStatements } from './statement-metrics.ts';

const patience: Patience = { login: 10_000, stalled: 30_000, idle: 8 * 3_600_000 };
/**
 * Milliseconds until an answer of Redis counts as missing. A page of the application waits for this statement while its
 * user waits for the page, so it is told within a second.
 */
const redisTimeout = 800;
/** Milliseconds of silence after which the system asks whether the peer's machine is still there. */
const keepAliveInitialDelay = 60_000;

function listen(server: Server, { host, cometqlPort }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(cometqlPort, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Waits for all connections to end; those that have not after `seconds` are cut off. */
async function drainConnections(connections: Connections, seconds: number): Promise<void> {
  const timer = setTimeout(() => connections.destroy(), seconds * 1_000);
  try {
    await connections.drain();
  } finally {
    clearTimeout(timer);
  }
}

export interface Interior {
  readonly language: Language;
  /** A test may have less of these. */
  readonly patience?: Partial<Patience>;
  readonly mostConnections?: number;
}

function furnish(
  context: Context,
  cluster: Cluster,
  interior: Interior,
  secureContext: SecureContext | undefined,
) {
  const { config, log, metrics } = context;
  const connections = new Connections(interior.mostConnections);
  const house: House = {
    language: interior.language,
    doors: { passwords: new Passwords(config.apiKeys), keyPair: new KeyPair() },
    failures: new Failures(log),
    observe: observeStatements(metrics),
    logins: { granted: 0, denied: 0, malformed: 0, late: 0 },
    patience: { ...patience, ...interior.patience },
    secureContext,
    surroundings: { cluster, config, connections: () => connections.list() },
  };
  connections.settle(house);
  registerCometqlMetrics(metrics, cluster, connections, house.logins);
  return connections;
}

/**
 * The MySQL wire of application servers. Starts also while Redis is away: statements are then answered with error 1205.
 * @throws when there is no API key, a certificate cannot be read, or the port cannot be had.
 */
export async function startServer(context: Context, interior: Interior): Promise<Running> {
  const { config } = context;
  if (config.apiKeys.length === 0) {
    const rule = 'must be set: without a key nobody could log in';
    throw new ConfigError([{ variable: 'ENCKE_API_KEY', rule }]);
  }
  const tls = readTls(config);
  const cluster = await openCluster(config, redisTimeout);
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay });
  spareFiles(server, context.log);
  let connections: Connections;
  try {
    connections = furnish(context, cluster, interior, tls && createSecureContext(tls));
    server.on('connection', (socket) => connections.open(socket));
    await listen(server, config);
  } catch (error) {
    await cluster.close();
    throw error;
  }
  let draining: Promise<void> | undefined;
  const drain = () => {
    server.close();
    draining ??= drainConnections(connections, config.drainSeconds);
    return draining;
  };
  return {
    port: (server.address() as AddressInfo).port,
    unready() {
      if (draining) return 'draining';
      return cluster.unready();
    },
    drain,
    async stop() {
      connections.destroy();
      await drain();
      await cluster.close();
    },
  };
}
