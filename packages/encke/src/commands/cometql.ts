import { processCommand } from '../process-command.ts';

export const cometql = processCommand({
  name: 'cometql',
  summary: 'the SQL API of application servers, for any MySQL client',
  help: `Listens on ENCKE_COMETQL_PORT (3307) for the MySQL protocol, with TLS when ENCKE_TLS_CERT is set.
The user is the number of an app, the password is ENCKE_API_KEY. In production it must be set.`,
  needsKey: true,
  start: async (context) => (await import('@encke/cometql')).startCometql(context),
});
