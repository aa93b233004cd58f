/** Which gateways live. A gateway beats; the worker sweeps the sessions of one that stopped. */
import { performance } from 'node:perf_hooks';
import type { Node } from '@encke/protocol';
import { sweepChannel } from './channel-sweep.ts';
import type { Context } from './context.ts';
import { PARTITIONS } from './keys.ts';
import { settleOffline } from './presence.ts';
import { sweepUser } from './registry.ts';
import { scripts } from './scripts.ts';

/** Milliseconds. Four missed beats make a node suspect; a second look at the same beat makes it dead. */
const BEAT_INTERVAL = 2_000;
export const SUSPECT_AFTER = 8_000;

/** What a gateway says of itself with each beat. */
export interface Load {
  readonly sessions: number;
  readonly connections: number;
  /** Messages written to sockets and not confirmed yet. */
  readonly unconfirmed: number;
}

export class Heartbeat {
  readonly #context: Context;
  readonly #node: Node;
  readonly #forgotten: () => void;
  readonly #load: () => Load;
  readonly #started = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #known = false;

  /** `forgotten` is called when Redis no longer knows this node: it lost data, or the node was swept as dead. */
  constructor(context: Context, node: Node, forgotten: () => void, load: () => Load) {
    this.#context = context;
    this.#node = node;
    this.#forgotten = forgotten;
    this.#load = load;
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.#beat(), BEAT_INTERVAL);
    await this.#beat();
  }

  async #beat(): Promise<void> {
    const { commands, keys } = this.#context;
    const { sessions, connections, unconfirmed } = this.#load();
    const uptime = Math.round(performance.now() - this.#started);
    try {
      const unknown = await commands.run(
        scripts.beat,
        [keys.nodes, keys.loads],
        [this.#node, `${uptime} ${sessions} ${connections} ${unconfirmed}`],
      );
      if (unknown === 1 && this.#known) this.#forgotten();
      this.#known = true;
    } catch {
      // Redis is away; the next beat tells whether it forgot this node.
    }
  }

  /** `gone`: the node has no sessions in the registry any more and will not come back. */
  async stop(gone: boolean): Promise<void> {
    clearInterval(this.#timer);
    if (!gone) return;
    await forget(this.#context, this.#node).catch(() => {});
  }
}

async function forget({ commands, keys }: Context, node: string): Promise<void> {
  await Promise.all([
    commands.send(['zrem', keys.nodes, node]),
    commands.send(['hdel', keys.loads, node]),
  ]);
}

export class Sweeper {
  readonly #context: Context;
  /** Suspects and the beat at which they were last seen. */
  readonly #suspects = new Map<string, string>();

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * Removes what dead nodes left in the registry. A node counts as dead when two runs see the same old beat, so that a
   * pause of Redis, in which nobody could beat, kills nobody. `onSwept` is told of each node at once: the next one may fail.
   * @returns nodes swept and sessions dropped.
   */
  async sweepNodes(
    onSwept: (node: string, sessions: number) => void = () => {},
  ): Promise<{ nodes: number; sessions: number }> {
    const { commands, keys } = this.#context;
    const reply = await commands.run(scripts.suspects, [keys.nodes], [SUSPECT_AFTER]);
    const beats = reply as string[];
    const swept = { nodes: 0, sessions: 0 };
    const seen = new Set<string>();
    for (let i = 0; i + 1 < beats.length; i += 2) {
      const [node, beat] = [beats[i] as string, beats[i + 1] as string];
      seen.add(node);
      if (this.#suspects.get(node) !== beat) {
        this.#suspects.set(node, beat);
        continue;
      }
      const sessions = await this.#sweepNode(node);
      await forget(this.#context, node);
      onSwept(node, sessions);
      swept.sessions += sessions;
      swept.nodes += 1;
    }
    for (const node of this.#suspects.keys()) if (!seen.has(node)) this.#suspects.delete(node);
    return swept;
  }

  async #sweepNode(node: string): Promise<number> {
    const { commands, keys } = this.#context;
    let dropped = 0;
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const index = keys.nodeIndex(partition, node);
      for (;;) {
        const names = (await commands.send(['srandmember', index, 100])) as string[];
        if (names.length === 0) break;
        const counts = await Promise.all(
          names.map((name) => sweepUser(this.#context, node, name, [])),
        );
        for (const count of counts) dropped += count;
      }
      await this.#sweepChannels(node, partition);
    }
    return dropped;
  }

  async #sweepChannels(node: string, partition: number): Promise<void> {
    const { commands, keys } = this.#context;
    const index = keys.nodeChannels(partition, node);
    for (;;) {
      const names = (await commands.send(['srandmember', index, 100])) as string[];
      if (names.length === 0) return;
      await Promise.all(names.map((name) => sweepChannel(this.#context, node, name)));
    }
  }

  /** Ends the offline grace of those for whom it is over. @returns users that went offline now. */
  settleOffline(): Promise<number> {
    return settleOffline(this.#context);
  }
}
