/** Main file of a forked process: `run-process.ts gateway|ingest|cometql|worker`, configured by its environment. */
import { type Context, type Running, runProcess } from '@encke/service';

type Start = (context: Context) => Promise<Running>;

// Imported on demand: a gateway whose memory is measured must not carry the others.
const starts: Record<string, () => Promise<Start>> = {
  gateway: async () => (await import('@encke/gateway')).startGateway,
  ingest: async () => (await import('@encke/ingest')).startIngest,
  cometql: async () => (await import('@encke/cometql')).startCometql,
  worker: async () => (await import('@encke/worker')).startWorker,
};

const name = process.argv[2] ?? '';
const load = starts[name];
if (load === undefined) throw new Error(`no process is called ${name}`);
await runProcess(name, process.env, await load());
