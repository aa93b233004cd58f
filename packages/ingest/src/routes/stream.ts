import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseAppParam } from '../address.ts';
import { goingAway, isProblem, Problem, sendProblem } from '../problem.ts';
import { appParams, responses } from '../schemas.ts';
import type { Route } from './route.ts';

const notUpgraded = new Problem(426, 'this is a WebSocket: connect with `Upgrade: websocket`');

const path = /^\/v1\/apps\/[^/?]+\/stream(?:\?|$)/;

/** Whether a request asks for the stream of some app: nowhere else a WebSocket opens. */
export const opensStream = ({ method, url = '' }: IncomingMessage): boolean =>
  method === 'GET' && path.test(url);

/** The stream itself is in `../stream.ts`; here is only the door, before the upgrade. */
export const stream: Route = ({ streams }) => ({
  method: 'GET',
  url: '/v1/apps/:app/stream',
  schema: {
    tags: ['messages'],
    summary: 'WebSocket: messages as JSON lines, any number in flight, an answer line per `ref`',
    params: appParams,
    response: responses(101, { type: 'null', description: 'Upgraded' }, 426),
  },
  preValidation(request: FastifyRequest, reply: FastifyReply, done: () => void) {
    const app = parseAppParam(request.params);
    if (isProblem(app)) sendProblem(reply, app);
    else if (streams.draining) sendProblem(reply, goingAway);
    else done();
  },
  handler: (_request, reply) => {
    sendProblem(reply.header('upgrade', 'websocket'), notUpgraded);
  },
  wsHandler(socket, request) {
    const app = parseAppParam(request.params);
    if (!isProblem(app)) streams.open(socket, app);
  },
});
