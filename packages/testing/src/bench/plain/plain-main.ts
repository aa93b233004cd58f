/**
 * A gateway or an ingest of the same design, built plainly with the same libraries and nothing besides: no limits, no
 * deadlines, nothing for the day on which something dies. What Encke costs is measured against it: `npm run bench -- --vs plain`.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startGateway } from './gateway.ts';
import { startIngest } from './ingest.ts';

async function start(name: string | undefined): Promise<{ port: number; connections(): number }> {
  if (name === 'gateway') return startGateway();
  if (name === 'ingest') return { port: await startIngest(), connections: () => 0 };
  throw new Error(`the plain build has no ${name}`);
}

const { port, connections } = await start(process.argv[2]);
const admin = createServer((_request, response) => {
  response.end(`encke_connections ${connections()}\nencke_sessions ${connections()}\n`);
});
admin.listen(0, '127.0.0.1', () => {
  process.send?.({ type: 'listening', port, adminPort: (admin.address() as AddressInfo).port });
});
