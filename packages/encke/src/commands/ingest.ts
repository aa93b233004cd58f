import { processCommand } from '../process-command.ts';

export const ingest = processCommand({
  name: 'ingest',
  summary: 'the HTTP API of application servers',
  help: `Listens on ENCKE_INGEST_PORT (8080); the OpenAPI page is at /docs.
Callers send ENCKE_API_KEY as a bearer token. In production it must be set.`,
  needsKey: true,
  start: async (context) => (await import('@encke/ingest')).startIngest(context),
});
