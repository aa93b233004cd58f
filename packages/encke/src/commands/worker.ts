import { processCommand } from '../process-command.ts';

export const worker = processCommand({
  name: 'worker',
  summary: 'sweeps dead nodes and fires what is due',
  help: 'Listens on no port but the admin one. One is enough; a second takes over when it dies.',
  needsKey: false,
  start: async (context) => (await import('@encke/worker')).startWorker(context),
});
