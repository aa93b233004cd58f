/** Which gateways live. A gateway beats; the worker sweeps the sessions of one that stopped. */
import type { Node } from '@encke/protocol';
import { sweepChannel } from './channel-sweep.ts';
import type { Context } from './context.ts';
import { PARTITIONS } from './keys.ts';
import { sweepUser } from './registry.ts';
import { scripts } from './scripts.ts';

/** Milliseconds. Four missed beats make a node suspect; a second look at the same beat makes it dead. */
const BEAT_INTERVAL = 2_000;
const SUSPECT_AFTER = 8_000;

export class Heartbeat {
  readonly #context: Context;
  readonly #node: Node;
  readonly #forgotten: () => void;
  #timer: NodeJS.Timeout | undefined;
  #known = false;

  /** `forgotten` is called when Redis no longer knows this node: it lost data, or the node was swept as dead. */
  constructor(context: Context, node: Node, forgotten: () => void) {
    this.#context = context;
    this.#node = node;
    this.#forgotten = forgotten;
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.#beat(), BEAT_INTERVAL);
    await this.#beat();
  }

  async #beat(): Promise<void> {
    const { commands, keys } = this.#context;
    try {
      const reply = await commands.run(scripts.beat, [keys.nodes], [this.#node]);
      const [, unknown] = reply as [number, number];
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
    const { commands, keys } = this.#context;
    await commands.send(['zrem', keys.nodes, this.#node]).catch(() => {});
  }
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
   * pause of Redis, in which nobody could beat, kills nobody.
   * @returns nodes swept and sessions dropped.
   */
  async sweepNodes(): Promise<{ nodes: number; sessions: number }> {
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
      swept.sessions += await this.#sweepNode(node);
      swept.nodes += 1;
      await commands.send(['zrem', keys.nodes, node]);
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
  async settleOffline(): Promise<number> {
    const { commands, keys } = this.#context;
    const lists = await Promise.all(
      Array.from({ length: PARTITIONS }, async (_, partition) => {
        const key = keys.leaving(partition);
        const due = await commands.send(['zrange', key, 0, Date.now(), 'BYSCORE', 'LIMIT', 0, 500]);
        return (due as string[]).map((name) => ({ key, name }));
      }),
    );
    const counts = await Promise.all(
      lists.flat().map(({ key, name }) => {
        const { record, sessions } = keys.user(name);
        return commands.run(scripts.settleOffline, [key, record, sessions], [name]);
      }),
    );
    return counts.reduce<number>((sum, count) => sum + Number(count), 0);
  }
}
