/** What `encke up` starts: each process with its own ports, worked out before the first is forked. */
import { type Config, loadConfig, unknownVariables } from '@encke/service';
import type { Env } from '../api-key.ts';
import { freePorts } from './free-ports.ts';

export interface PlannedProcess {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Env;
}

export interface Plan {
  readonly config: Config;
  readonly processes: readonly PlannedProcess[];
  /** URLs as a browser on this machine reaches them. */
  readonly gateways: readonly string[];
  readonly ingest: string;
  /** host:port; MySQL clients take `localhost` for a socket file, so it is not called that. */
  readonly cometql: string;
  readonly metrics: readonly string[];
  /** Answers 200 when ingest can take messages. */
  readonly readiness: string;
}

/** Listening everywhere is not an address to go to. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * Ports that count upward from `first`, or free ones when that is 0: the process that is started again after its
 * death must come back where its clients look for it.
 */
const upward = (first: number, count: number, host: string): number[] | Promise<number[]> =>
  first === 0 ? freePorts(count, host) : Array.from({ length: count }, (_, i) => first + i);

/** Throws ConfigError. `env` holds what is common to all: the Redis, the API key. */
export async function makePlan(env: Env, gatewayCount: number): Promise<Plan> {
  // Nobody waits for a laptop's sockets to be moved elsewhere, and its terminal is no log store.
  const shared = { ENCKE_DRAIN_SECONDS: '1', ENCKE_LOG_LEVEL: 'warn', ...withoutNoise(env) };
  const config = loadConfig(shared);
  const { host } = config;
  const gatewayPorts = await upward(config.gatewayPort, gatewayCount, host);
  const [ingestPort] = await upward(config.ingestPort, 1, host);
  const [cometqlPort] = await upward(config.cometqlPort, 1, host);
  const adminPorts = await upward(config.adminPort, gatewayCount + 3, host);
  // It logs anybody in as anybody: where that could be the public it is left out.
  const ownDemo = config.demoUrl === undefined && env.NODE_ENV !== 'production';
  const [demoPort] = ownDemo ? await freePorts(1, host) : [];
  const name = reachable(host);
  const scheme = config.tls ? 'https' : 'http';
  const ingest = `${scheme}://${name}:${ingestPort}`;
  const demo = ownDemo && { ENCKE_DEMO_URL: `http://${name}:${demoPort}` };
  const admin = (index: number) => ({ ENCKE_ADMIN_PORT: String(adminPorts[index]) });
  const processes: PlannedProcess[] = [
    {
      name: 'ingest',
      args: ['ingest'],
      env: { ...shared, ENCKE_INGEST_PORT: String(ingestPort), ...admin(gatewayCount) },
    },
    ...gatewayPorts.map((port, i) => ({
      name: `gateway-${i + 1}`,
      args: ['gateway'],
      env: { ...shared, ENCKE_GATEWAY_PORT: String(port), ...demo, ...admin(i) },
    })),
    { name: 'worker', args: ['worker'], env: { ...shared, ...admin(gatewayCount + 1) } },
    {
      name: 'cometql',
      args: ['cometql'],
      env: { ...shared, ENCKE_COMETQL_PORT: String(cometqlPort), ...admin(gatewayCount + 2) },
    },
  ];
  if (ownDemo)
    processes.push({
      name: 'demo-app',
      args: ['demo-app', '--port', String(demoPort), '--ingest', ingest],
      env: { ...shared, ENCKE_ADMIN_PORT: '0' },
    });
  return {
    config,
    processes,
    ingest,
    cometql: `${name === 'localhost' ? '127.0.0.1' : name}:${cometqlPort}`,
    gateways: gatewayPorts.map((port) => `${scheme}://${name}:${port}`),
    readiness: `http://${name}:${adminPorts[gatewayCount]}/readyz`,
    metrics: adminPorts.map((port) => `http://${name}:${port}/metrics`),
  };
}

/** What is empty counts as unset; what is unknown has been told once, and each process would tell it again. */
function withoutNoise(env: Env): Env {
  const unknown = unknownVariables(env);
  return Object.fromEntries(
    Object.entries(env).filter(([name, value]) => value?.trim() && !unknown.includes(name)),
  );
}
