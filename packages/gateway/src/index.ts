import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { openCluster } from '@encke/cluster';
import {
  type Context,
  type Running,
  readTls,
  readTogether,
  spareFiles,
  trackHandshakes,
} from '@encke/service';
import { openFront } from './front.ts';
import { Gateway } from './gateway.ts';
import { openPages } from './pages.ts';
import { Tokens } from './token.ts';
import { Upgrades } from './upgrade.ts';

/**
 * Percent by which the heap may outgrow what lives before V8 collects. By default it may become several times as large, so
 * the garbage of a connect storm would stay in every idle session's share of memory for as long as nothing else happens.
 * Less would cost more: with 40 an attach takes a tenth more CPU.
 */
const HEAP_GROWTH = 100;

/**
 * Starts a gateway: one port for both wires, the SDK and the demo.
 * @throws ConfigError when the certificate or the key for tokens cannot be read; what listening throws when the port cannot be had.
 */
export async function startGateway(context: Context): Promise<Running> {
  const { config } = context;
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH}`);
  const [tls, tokens] = readTogether(
    () => readTls(config),
    () => new Tokens(config, context.log),
  );
  const cluster = await openCluster(config);
  const gateway = new Gateway(context, cluster, tokens);
  const pages = await openPages(config, gateway.node, tls);
  const upgrades = new Upgrades(gateway, config.allowedOrigins);
  const server = pages.server as Server;
  spareFiles(server, context.log);
  server.on('upgrade', (request, socket, head) => upgrades.handle(request, socket as Socket, head));
  // With TLS a connection that can be read comes by another event, and only the HTTP server reads it.
  const closeFront = tls ? trackHandshakes(server) : openFront(server, upgrades);
  try {
    await pages.listen({ host: config.host, port: config.gatewayPort });
  } catch (error) {
    closeFront();
    await gateway.stop();
    throw error;
  }
  await gateway.start();
  return {
    port: (server.address() as AddressInfo).port,
    node: gateway.node,
    unready: () => gateway.unready(),
    drain: () => gateway.drain(),
    async stop() {
      closeFront();
      server.closeAllConnections();
      await gateway.stop();
      await pages.close();
    },
  };
}
