import { processCommand } from '../process-command.ts';

export const gateway = processCommand({
  name: 'gateway',
  summary: 'holds the sockets of devices',
  help: `Listens on ENCKE_GATEWAY_PORT (8087): both wires, the SDK at /client.js, the demo at /demo/.
Start as many as you like behind a TCP or HTTP load balancer; any device may use any of them.`,
  needsKey: true,
  // Imported on demand, so that no process carries the code of another.
  start: async (context) => (await import('@encke/gateway')).startGateway(context),
});
