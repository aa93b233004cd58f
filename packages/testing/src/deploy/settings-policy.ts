/** The settings of every pod, read as the process itself will read them. */
import { readFileSync } from 'node:fs';
import { type Config, ConfigError, loadConfig } from '@encke/service';
import type { Installation, Workload } from './installation.ts';
import { root } from './manifests.ts';

const known = new Set(
  [...readFileSync(`${root}.env.example`, 'utf8').matchAll(/^# (ENCKE_\w+)=/gm)].map(
    ([, name]) => name,
  ),
);
/** What Node itself reads. */
const ofNode = ['NODE_ENV', 'NODE_EXTRA_CA_CERTS'];
const secret = ['ENCKE_API_KEY', 'ENCKE_REDIS_URL'];

/** What an operator would put into the Secret that is not rendered. */
const sample = (cluster: boolean): Record<string, string> => ({
  ENCKE_API_KEY: 'a-key',
  ENCKE_REDIS_URL: cluster ? 'redis-0:6379,redis-1:6379' : 'rediss://encke:password@redis:6379',
});

/** What `encke` refuses to start with in production; everybody can read it in this repository. */
const example = 'development-only';

type Data = Record<string, string>;

function secretData(all: Installation, name: string | undefined): Data | undefined {
  const found = all.all('Secret').find(({ metadata }) => metadata.name === name);
  if (found === undefined) return undefined;
  const decoded = Object.entries(found.data ?? {}).map(([key, text]) => [
    key,
    Buffer.from(text, 'base64').toString(),
  ]);
  return { ...Object.fromEntries(decoded), ...found.stringData };
}

/** The environment of the first container; a later source goes over an earlier one. */
export function environment(all: Installation, { containers }: Workload): Data {
  const env: Data = {};
  for (const { configMapRef, secretRef } of containers[0]?.envFrom ?? []) {
    const map = all.all('ConfigMap').find(({ metadata }) => metadata.name === configMapRef?.name);
    Object.assign(env, map?.data);
    if (secretRef !== undefined && secretRef !== null)
      Object.assign(
        env,
        secretData(all, secretRef.name) ?? sample(env.ENCKE_REDIS_MODE === 'cluster'),
      );
  }
  for (const { name, value } of containers[0]?.env ?? []) env[name] = value ?? '';
  return env;
}

/** Whether its Secret is rendered too: then its passwords are no secret. */
const isOpen = (all: Installation, { containers }: Workload): boolean =>
  containers[0]?.envFrom?.some(({ secretRef }) => all.has('Secret', secretRef?.name)) === true;

function ports({ containers }: Workload, config: Config): Record<string, number> {
  const wanted: Record<string, number> = {
    gateway: config.gatewayPort,
    ingest: config.ingestPort,
    cometql: config.cometqlPort,
  };
  const port = wanted[containers[0]?.args?.[0] ?? ''];
  return { admin: config.adminPort, ...(port !== undefined && { own: port }) };
}

export function settingsFaults(all: Installation): string[] {
  const faults: string[] = [];
  for (const { data } of all.all('ConfigMap'))
    for (const name of secret)
      if (data?.[name] !== undefined) faults.push(`${name} is a secret, and stands in a ConfigMap`);
  for (const workload of all.processes) {
    const say = (text: string): number => faults.push(`${workload.name}: ${text}`);
    const env = environment(all, workload);
    for (const name of Object.keys(env))
      if (!ofNode.includes(name) && !known.has(name)) say(`${name} is not in .env.example`);
    const mode = isOpen(all, workload) ? 'development' : 'production';
    if (env.NODE_ENV !== mode) say(`NODE_ENV is not ${mode}`);
    for (const name of mode === 'development' ? secret : [])
      if (!env[name]?.includes(example)) say(`${name} would serve in production too`);
    try {
      const config = loadConfig(env);
      if (config.apiKeys.length === 0) say('nothing is accepted without ENCKE_API_KEY');
      if (config.host !== '0.0.0.0' && config.host !== '::') say('listens where nobody comes');
      const behind = workload.process === 'gateway' && all.all('Ingress').length > 0;
      if (behind && config.trustedProxies === 0) say('takes its Ingress for every subscriber');
      const open = workload.containers[0]?.ports?.map(({ containerPort }) => containerPort) ?? [];
      for (const [name, port] of Object.entries(ports(workload, config)))
        if (!open.includes(port)) say(`its ${name} port is not the one of its settings`);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const { variable, rule } of error.faults) say(`${variable} ${rule}`);
    }
  }
  return faults;
}

export const drainSeconds = (all: Installation, workload: Workload): number =>
  Number(environment(all, workload).ENCKE_DRAIN_SECONDS ?? 20);
