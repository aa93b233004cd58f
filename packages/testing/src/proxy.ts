import { once } from 'node:events';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';

export interface ProxyOptions {
  /** A port of this machine, or `host:port`, or a URL. */
  readonly target: number | string;
}

type Fault = 'none' | 'stall' | 'stall-to-client';

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  fault: Fault;
}

function targetOf(target: number | string): { host: string; port: number } {
  if (typeof target === 'number') return { host: '127.0.0.1', port: target };
  const { hostname, port } = new URL(target.includes('://') ? target : `tcp://${target}`);
  return { host: hostname, port: Number(port) };
}

/** A TCP proxy that cuts, stalls and delays. */
export class FaultProxy {
  readonly port: number;
  /** `127.0.0.1:<port>` */
  readonly address: string;
  /** Connections since the start. */
  accepted = 0;
  #listener: Server;
  #links = new Set<Link>();
  #fault: Fault = 'none';
  #delay = 0;
  #pause = 0;

  constructor(listener: Server, target: { host: string; port: number }) {
    const address = listener.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP address');
    this.port = address.port;
    this.address = `127.0.0.1:${address.port}`;
    this.#listener = listener;
    listener.on('connection', (client) => {
      const server = dial({ ...target, allowHalfOpen: true, noDelay: true });
      const link: Link = { client, server, fault: this.#fault };
      this.accepted += 1;
      this.#links.add(link);
      this.#pump(link, client, server);
      this.#pump(link, server, client);
    });
  }

  /** Connections open now. */
  get open(): number {
    return this.#links.size;
  }

  /** Resets every connection, on both sides. */
  cut(): void {
    for (const link of this.#links) this.#reset(link);
  }

  /** Swallows all bytes and closes of every connection, old and new, both ways: half-open. */
  stall(): void {
    this.#spread('stall');
  }

  /** As `stall`, for the one connection that the target sees coming from this port. */
  stallOne(port: number): void {
    for (const link of this.#links) if (link.server.localPort === port) link.fault = 'stall';
  }

  /** As `stall`, but the client's bytes still arrive. */
  stallToClient(): void {
    this.#spread('stall-to-client');
  }

  /** Every chunk and close travels this many milliseconds longer, each way. */
  delay(ms: number): void {
    this.#delay = ms;
  }

  /** Waits this many milliseconds after every chunk of at most 64 KiB, each way: a narrow line. */
  narrow(ms: number): void {
    this.#pause = ms;
  }

  /** Ends every fault. A stalled connection has lost bytes and can only be reset. */
  heal(): void {
    this.#fault = 'none';
    this.#delay = 0;
    this.#pause = 0;
    for (const link of this.#links) if (link.fault !== 'none') this.#reset(link);
  }

  async stop(): Promise<void> {
    this.cut();
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  #spread(fault: Fault): void {
    this.#fault = fault;
    for (const link of this.#links) link.fault = fault;
  }

  #reset(link: Link): void {
    this.#links.delete(link);
    link.client.resetAndDestroy();
    link.server.resetAndDestroy();
  }

  #later(act: () => void): void {
    if (this.#delay === 0) act();
    else setTimeout(act, this.#delay);
  }

  #pump(link: Link, from: Socket, to: Socket): void {
    const swallows = () =>
      link.fault === 'stall' || (link.fault === 'stall-to-client' && to === link.client);
    from.on('data', (chunk) => {
      if (swallows()) return;
      if (this.#pause > 0) {
        from.pause();
        setTimeout(() => from.resume(), this.#pause);
      }
      this.#later(() => {
        if (!to.writable || to.write(chunk)) return;
        // Without back-pressure a slow reader behind the proxy would look like a quick one.
        from.pause();
        to.once('drain', () => from.resume());
      });
    });
    from.on('end', () => {
      if (!swallows()) this.#later(() => to.end());
    });
    from.on('error', () => {
      if (!swallows()) this.#reset(link);
    });
    from.on('close', () => {
      if (link.client.destroyed && link.server.destroyed) this.#links.delete(link);
    });
  }
}

export async function startProxy({ target }: ProxyOptions): Promise<FaultProxy> {
  const listener = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return new FaultProxy(listener, targetOf(target));
}
