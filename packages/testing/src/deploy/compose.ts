import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Api } from '../api.ts';
import { eventually } from '../eventually.ts';
import { freePort } from '../guard.ts';
import type { Env } from '../process.ts';
import { type RoamingDevice, roamLegacy, roamV1 } from '../roaming.ts';
import type { Engine } from './engine.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const prefix = 'encke-test-';
const image = 'encke:test';

/** Removes what tests left whose process was killed. */
async function removeOrphans(engine: Engine): Promise<void> {
  const text = await engine.docker(['compose', 'ls', '--all', '--format', 'json']);
  for (const { Name: name } of JSON.parse(text || '[]') as { Name: string }[]) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number(name.slice(prefix.length).split('-')[0]);
    try {
      process.kill(pid, 0);
    } catch {
      await engine.docker(['compose', '-p', name, 'down', '-v', '--remove-orphans']);
    }
  }
}

/** docker-compose.yml, perhaps with one of its variants, as an operator runs it; on free ports of this machine. */
export class Compose {
  readonly #engine: Engine;
  readonly #head: readonly string[];
  readonly #env: Env;
  readonly #devices: RoamingDevice[] = [];
  readonly api: Api;
  /** `host:port` of the balancer, for devices. */
  readonly address: string;
  readonly prometheus: string;
  #people = 100;
  #over = false;

  private constructor(engine: Engine, head: readonly string[], env: Env) {
    this.#engine = engine;
    this.#head = head;
    this.#env = env;
    this.address = `127.0.0.1:${env.ENCKE_GATEWAY_PORT}`;
    this.prometheus = `http://127.0.0.1:${env.PROMETHEUS_PORT}`;
    this.api = new Api(`http://127.0.0.1:${env.ENCKE_INGEST_PORT}`, { key: 'development-only' });
  }

  /** Builds the image, which is quick when nothing has changed; starts nothing yet. */
  static async create(engine: Engine, variant?: string): Promise<Compose> {
    await removeOrphans(engine);
    const files = variant === undefined ? [] : [`deploy/compose/${variant}.yml`];
    const names = ['docker-compose.yml', ...files].flatMap((file) => ['-f', `${root}/${file}`]);
    const project = `${prefix}${process.pid}-${variant ?? 'single'}`;
    const env = {
      ENCKE_IMAGE: image,
      ENCKE_DRAIN_SECONDS: '3',
      ENCKE_GATEWAY_PORT: String(await freePort()),
      ENCKE_INGEST_PORT: String(await freePort()),
      ENCKE_COMETQL_PORT: String(await freePort()),
      PROMETHEUS_PORT: String(await freePort()),
      // Two runs on one machine must not take the same network.
      REDIS_NETWORK: `10.213.${randomInt(256)}`,
    };
    const compose = new Compose(engine, ['compose', '-p', project, ...names], env);
    await compose.run('build', '--quiet');
    return compose;
  }

  /** `docker compose …` of this project. */
  run(...args: readonly string[]): Promise<string> {
    return this.#engine.docker([...this.#head, ...args], this.#env);
  }

  docker(...args: readonly string[]): Promise<string> {
    return this.#engine.docker(args);
  }

  async up(...args: readonly string[]): Promise<void> {
    try {
      await this.run('up', '--detach', '--no-build', '--wait', ...args);
    } catch (error) {
      throw new Error(`${error}\n${await this.run('ps', '--all')}\n${await this.run('logs')}`);
    }
    // A balancer that has just begun needs a moment to find them.
    await eventually(() => this.api.user(1), { timeout: 30_000 });
    await eventually(
      async () => {
        const { ok } = await fetch(`http://${this.address}/info`);
        if (!ok) throw new Error('the balancer knows no gateway');
      },
      { timeout: 30_000 },
    );
  }

  /** Ids of the containers of a service. */
  async containers(service: string): Promise<string[]> {
    return (await this.run('ps', '--quiet', service)).split('\n').filter((id) => id !== '');
  }

  /** A user with a hash and a device of each wire, all through the balancer. */
  async person(): Promise<{ user: number; key: string; devices: RoamingDevice[] }> {
    this.#people += 1;
    const user = this.#people;
    const key = `hash-of-${user}`;
    // As any caller repeats what can do no harm twice: a balancer may close a kept connection at any time.
    await eventually(() => this.api.setHash(user, key), { timeout: 10_000 });
    if (this.#over) throw new Error('the test has ended');
    const gateways = () => [this.address];
    const devices = [roamV1, roamLegacy].map((roam) => roam({ user, key, gateways }));
    this.#devices.push(...devices);
    await Promise.all(devices.map((device) => device.attached(30_000)));
    return { user, key, devices };
  }

  async people(count: number) {
    const all = await Promise.all(Array.from({ length: count }, () => this.person()));
    return { people: all, devices: all.flatMap(({ devices }) => devices) };
  }

  async down(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#devices.map((device) => device.stop()));
    await this.run('--profile', '*', 'down', '--volumes', '--remove-orphans', '--timeout', '10');
  }
}
