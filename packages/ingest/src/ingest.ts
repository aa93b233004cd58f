import type { AddressInfo } from 'node:net';
import { openCluster } from '@encke/cluster';
import {
  ConfigError,
  type Context,
  type Running,
  readTls,
  spareFiles,
  trackHandshakes,
} from '@encke/service';
import type { FastifyInstance } from 'fastify';
import { Failures } from './failures.ts';
import { registerIngestMetrics } from './ingest-metrics.ts';
import { createServer } from './server.ts';
import { Streams } from './streams.ts';

/** Milliseconds between two looks for connections that became idle while the server closes. */
const idleCheck = 50;

/** Stops accepting, lets calls in flight finish, and closes each connection as it becomes idle. */
async function closeServer(server: FastifyInstance): Promise<void> {
  const sweep = setInterval(() => server.server.closeIdleConnections(), idleCheck);
  try {
    await server.close();
  } finally {
    clearInterval(sweep);
  }
}

/** Waits for all of `work`; what is not done after `seconds` is cut off. */
async function inTime(
  seconds: number,
  cut: () => void,
  ...work: readonly Promise<void>[]
): Promise<void> {
  const timer = setTimeout(cut, seconds * 1_000);
  try {
    await Promise.all(work);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The HTTP API of application servers. Starts also while Redis is away: calls are then answered with 503.
 * @throws when there is no API key, a certificate cannot be read, or the port cannot be had.
 */
export async function startIngest({ config, log, metrics }: Context): Promise<Running> {
  if (config.apiKeys.length === 0) {
    const rule = 'must be set: without a key nobody could use the API';
    throw new ConfigError([{ variable: 'ENCKE_API_KEY', rule }]);
  }
  const tls = readTls(config);
  const cluster = await openCluster(config);
  const failures = new Failures(log);
  const streams = new Streams({
    cluster,
    failures,
    maxMessage: config.maxMessage,
    sendBuffer: config.sendBuffer,
    pingInterval: config.pingInterval * 1_000,
    pongTimeout: config.pongTimeout * 1_000,
  });
  registerIngestMetrics(metrics, cluster, streams);
  const server = await createServer({ cluster, config, failures, streams }, metrics, tls);
  spareFiles(server.server, log);
  const endHandshakes = tls ? trackHandshakes(server.server) : () => {};
  const cut = () => {
    streams.terminate();
    server.server.closeAllConnections();
  };
  let draining: Promise<void> | undefined;
  const drain = () => {
    endHandshakes();
    draining ??= inTime(config.drainSeconds, cut, streams.drain(), closeServer(server));
    return draining;
  };
  try {
    await server.listen({ host: config.host, port: config.ingestPort });
  } catch (error) {
    await drain();
    await cluster.close();
    throw error;
  }
  return {
    port: (server.server.address() as AddressInfo).port,
    unready() {
      if (draining) return 'draining';
      return cluster.unready();
    },
    drain,
    async stop() {
      cut();
      await drain();
      await cluster.close();
    },
  };
}
