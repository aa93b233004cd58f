import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

/** Ports that nobody listens on at the moment; all are held until the last is found, so they differ. */
export async function freePorts(count: number, host: string): Promise<number[]> {
  const servers: Server[] = [];
  for (let i = 0; i < count; i++) {
    const server = createServer().listen(0, host);
    servers.push(server);
    await once(server, 'listening');
  }
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}
