/**
 * For a container's health check: `health.mjs [path]` asks this container's process on its admin port, and ends with 0 when
 * that answers 200. `/healthz` (alive) unless told; `/readyz` is for what waits until it may send traffic.
 */
import { get } from 'node:http';

const { ENCKE_ADMIN_PORT, ENCKE_HOST } = process.env;
const path = process.argv[2] ?? '/healthz';
const everywhere = ['0.0.0.0', '::'];
const host = !ENCKE_HOST || everywhere.includes(ENCKE_HOST) ? '127.0.0.1' : ENCKE_HOST;
const port = Number(ENCKE_ADMIN_PORT || 9464);
if (!(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
  console.error('ENCKE_ADMIN_PORT must be a port from 1 to 65535 to be asked');
  process.exit(1);
}

get({ host, port, path, timeout: 4_000 }, (response) => {
  response.pipe(process.stdout);
  process.exitCode = response.statusCode === 200 ? 0 : 1;
})
  .on('timeout', function () {
    this.destroy(new Error('no answer in time'));
  })
  .on('error', ({ message }) => {
    console.error(message);
    process.exitCode = 1;
  });
