import type { Metrics } from '@encke/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Seconds. A call is one Redis round trip; the last bucket is past the command timeout. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5];

/** Counts every answer under its route's pattern; call it before the routes are registered. */
export function observeRequests(server: FastifyInstance, metrics: Metrics): void {
  const total = metrics.counter('encke_http_requests_total', 'HTTP answers.', ['route', 'status']);
  const seconds = metrics.histogram(
    'encke_http_request_seconds',
    'Time from the head of a request to the end of its answer.',
    buckets,
  );
  /** Looking a counter up by its labels is dearer than the counting, so each is kept. */
  const observer = (route: string) => {
    const counters = new Map<number, { inc(): void }>();
    return ({ statusCode, elapsedTime }: FastifyReply) => {
      let counter = counters.get(statusCode);
      if (counter === undefined) {
        counter = total.labels(route, String(statusCode));
        counters.set(statusCode, counter);
      }
      counter.inc();
      seconds.observe(elapsedTime / 1_000);
    };
  };
  // A hook for each route, because asking a request for its route is dearer than the counting.
  server.addHook('onRoute', (options) => {
    const { url, onResponse = [] } = options;
    const observe = observer(url);
    const count = (_request: FastifyRequest, reply: FastifyReply, done: () => void) => {
      observe(reply);
      done();
    };
    options.onResponse = [count, ...(Array.isArray(onResponse) ? onResponse : [onResponse])];
  });
  // One name for all other paths: the label must not grow with what strangers ask for.
  const observeUnknown = observer('unknown');
  server.addHook('onResponse', (request, reply, done) => {
    if (request.is404) observeUnknown(reply);
    done();
  });
}
