import { type Cluster, openCluster } from '@encke/cluster';
import { type App, type Channel, isFault, parseChannel } from '@encke/protocol';
import { loadConfig } from '@encke/service';
import type { Stage } from './stage.ts';

/** An application server that speaks to Redis itself: the fewest parts between a test and a gateway. */
export class Application {
  readonly app = 1 as App;
  readonly cluster: Cluster;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  publish(channel: string, data: unknown, event = 'e') {
    const message = { app: this.app, channel: named(channel), event, data: JSON.stringify(data) };
    return this.cluster.channels.publish(message);
  }
  keep(channel: string, length: number): Promise<void> {
    return this.cluster.channels.setHistory(this.app, named(channel), length);
  }
  async kept(channel: string): Promise<unknown[]> {
    const { messages } = await this.cluster.channels.history(this.app, named(channel));
    return messages.map(({ data }) => JSON.parse(data) as unknown);
  }
  count(channel: string): Promise<number> {
    return this.cluster.channels.count(this.app, named(channel));
  }
  members(channel: string) {
    return this.cluster.channels.members(this.app, named(channel));
  }
}

export function named(name: string): Channel {
  const channel = parseChannel(name);
  if (isFault(channel)) throw new Error(channel.text);
  return channel;
}

export async function openApplication(stage: Stage): Promise<Application> {
  const cluster = await openCluster(loadConfig({ ...stage.nodes.env, ENCKE_API_KEY: 'unused' }));
  stage.later(() => cluster.close());
  return new Application(cluster);
}
