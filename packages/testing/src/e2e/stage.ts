import assert from 'node:assert/strict';
import {
  type Api,
  type Env,
  type Nodes,
  type RoamingDevice,
  roamLegacy,
  roamV1,
  startNodes,
  startTestRedis,
  type TestProcess,
  type TestRedis,
} from '@encke/testing';
import { Ledger } from './ledger.ts';

export interface Person {
  readonly user: number;
  readonly key: string;
}

export interface StageOptions {
  readonly gateways?: number;
  readonly worker?: boolean;
  readonly env?: Env;
}

/** A private Redis (a cluster with `ENCKE_TEST_REDIS=cluster`), our processes around it, and people to send to. */
export class Stage {
  readonly redis: TestRedis;
  readonly nodes: Nodes;
  readonly ledger: Ledger;
  /** Processes that the test itself killed. */
  readonly victims = new Set<TestProcess>();
  #people = 100;
  #cleanups: (() => unknown)[] = [];

  constructor(redis: TestRedis, nodes: Nodes) {
    this.redis = redis;
    this.nodes = nodes;
    this.ledger = new Ledger(nodes.api);
  }

  get api(): Api {
    return this.nodes.api;
  }

  /** Runs before everything stops, the last one first. */
  later(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup);
  }

  /** The address of a gateway, counted from 0. */
  gateway(i = 0): string {
    return this.process(i).address;
  }

  process(i = 0): TestProcess {
    const gateway = this.nodes.gateways[i];
    if (gateway === undefined) throw new Error(`there is no gateway ${i}`);
    return gateway;
  }

  /** Addresses of the gateways that run. */
  readonly alive = (): string[] =>
    this.nodes.gateways.filter(({ alive }) => alive).map(({ address }) => address);

  /** A user whom no other test knows, with a hash. */
  async person(): Promise<Person> {
    this.#people += 1;
    const user = this.#people;
    const key = `hash-of-${user}`;
    await this.api.setHash(user, key);
    return { user, key };
  }

  async people(count: number): Promise<Person[]> {
    const all: Person[] = [];
    for (let i = 0; i < count; i += 1) all.push(await this.person());
    return all;
  }

  /** A device that comes back by itself to any gateway that runs. */
  roam(wire: 'v1' | 'legacy', person: Person, gateways = this.alive): RoamingDevice {
    const device = (wire === 'v1' ? roamV1 : roamLegacy)({ ...person, gateways });
    this.later(() => device.stop());
    return device;
  }

  /** For each person one device of each wire, all of them online. */
  async roamBoth(people: readonly Person[]): Promise<RoamingDevice[]> {
    const devices = people.flatMap((one) => [this.roam('v1', one), this.roam('legacy', one)]);
    await Promise.all(devices.map((device) => device.attached(30_000)));
    return devices;
  }

  async kill(process: TestProcess): Promise<void> {
    this.victims.add(process);
    await process.kill();
  }

  /** Stops everything and fails when a process of ours had died or did not end cleanly. */
  async close(): Promise<void> {
    const ours = this.nodes.all;
    const dead = ours.filter((one) => !one.alive && !this.victims.has(one));
    try {
      for (const cleanup of this.#cleanups.reverse()) await cleanup();
    } finally {
      this.redis.resume();
      await this.nodes.stop();
      await this.redis.stop();
    }
    for (const one of dead) assert.equal(await one.exited, 0, `${one.name} died:\n${one.output}`);
    for (const one of ours) {
      if (this.victims.has(one)) continue;
      assert.equal(await one.exited, 0, `${one.name} did not end cleanly:\n${one.output}`);
    }
  }
}

export async function openStage({ gateways, worker, env }: StageOptions = {}): Promise<Stage> {
  const redis = await startTestRedis(process.env.ENCKE_TEST_REDIS);
  try {
    const nodes = await startNodes({
      redis,
      ...(gateways !== undefined && { gateways }),
      ...(worker !== undefined && { worker }),
      ...(env !== undefined && { env }),
    });
    return new Stage(redis, nodes);
  } catch (error) {
    await redis.stop();
    throw error;
  }
}
