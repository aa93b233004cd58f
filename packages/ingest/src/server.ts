import type { Socket } from 'node:net';
import { type Metrics, type Tls, webSocketRequest } from '@encke/service';
import type { WebSocket } from '@fastify/websocket';
import websocket from '@fastify/websocket';
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { authenticate, keyCheck } from './authentication.ts';
import { observeRequests } from './http-metrics.ts';
import { registerOpenApi } from './openapi.ts';
import { Problem, sendProblem } from './problem.ts';
import { registerRoutes } from './routes/index.ts';
import type { Ingest } from './routes/route.ts';
import { opensStream } from './routes/stream.ts';

/** Milliseconds for a request to arrive in full: a slow sender may not hold a connection for ever. */
const requestTimeout = 60_000;
/** Bytes of one frame of a stream: many lines, and at least one of the largest messages. */
const streamFrame = (maxMessage: number): number => Math.max(1_048_576, maxMessage * 6 + 8_192);

const malformed = new Problem(400, 'the request is malformed');

/** What Fastify itself refuses, in words that hold nothing of the request. */
function refusal(status: number): Problem | undefined {
  switch (status) {
    case 413:
      return new Problem(413, 'the body is too large');
    case 415:
      return new Problem(415, 'send `Content-Type: application/json`');
    default:
      return status >= 400 && status < 500 ? malformed : undefined;
  }
}

function answerErrors(server: FastifyInstance, { failures }: Ingest): void {
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const own = error.code?.startsWith('FST_') ? refusal(error.statusCode ?? 500) : undefined;
    const ids = { route: request.routeOptions.url, ...(request.params as object) };
    sendProblem(reply, own ?? failures.problem(error, 'call', ids));
  });
  const unknown = new Problem(404, 'there is nothing at this path; see /docs');
  server.setNotFoundHandler((_request, reply) => {
    sendProblem(reply, unknown);
  });
}

const nonsense: Readonly<Record<string, Problem>> = {
  ERR_HTTP_REQUEST_TIMEOUT: new Problem(408, 'the request did not arrive in time'),
  HPE_HEADER_OVERFLOW: new Problem(431, 'the head of the request is too large'),
};

/** A request that is not HTTP, or not in time: nobody has parsed it, so the answer is written by hand. */
function answerNonsense(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = nonsense[error.code ?? ''] ?? malformed;
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

const Request = webSocketRequest(opensStream);

function options(tls: Tls | undefined) {
  return {
    // Logging is ours, at the boundary; Fastify's would make a logger for each request.
    logger: false as const,
    exposeHeadRoutes: false,
    requestTimeout,
    // While draining, a call on a connection that is still open is served and told to close.
    return503OnClosing: false,
    // The rules answer for what is too long; the head of a request has a limit of its own.
    routerOptions: { maxParamLength: 16_384 },
    frameworkErrors: (_error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
      sendProblem(reply, malformed);
    },
    clientErrorHandler: answerNonsense,
    http: { IncomingMessage: Request },
    https: tls ? { ...tls, IncomingMessage: Request } : null,
  };
}

async function registerStreams(server: FastifyInstance, ingest: Ingest): Promise<void> {
  await server.register(websocket, {
    options: { maxPayload: streamFrame(ingest.config.maxMessage) },
    // What `ws` finds wrong with a peer it has closed by itself; what is still open is a bug of ours.
    errorHandler(error: Error, socket: WebSocket) {
      if (socket.readyState !== socket.OPEN) return;
      ingest.failures.problem(error, 'call', { route: 'stream' });
      socket.close(1011, 'internal error');
    },
    // Streams are drained by their owner, in order, before the server closes.
    preClose: (done: () => void) => done(),
  });
}

/** Everything of the HTTP side but listening. */
export async function createServer(
  ingest: Ingest,
  metrics: Metrics,
  tls: Tls | undefined,
): Promise<FastifyInstance> {
  const server = fastify(options(tls)) as unknown as FastifyInstance;
  server.removeAllContentTypeParsers();
  // Requests are checked by the parsers of the protocol package; the schemas are for the documentation.
  server.setValidatorCompiler(() => () => true);
  server.setSerializerCompiler(() => JSON.stringify);
  answerErrors(server, ingest);
  observeRequests(server, metrics);
  await registerStreams(server, ingest);
  await registerOpenApi(server);
  const check = authenticate(keyCheck(ingest.config.apiKeys));
  await server.register(async (api) => {
    api.addHook('onRequest', check);
    registerRoutes(api, ingest);
  });
  return server;
}
