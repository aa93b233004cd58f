import { object, responses } from '../schemas.ts';
import { type Route, sendJson } from './route.ts';

const count = (description: string) => ({ type: 'integer', description });

export const getStatus: Route = ({ cluster }) => ({
  method: 'GET',
  url: '/v1/status',
  schema: {
    tags: ['operation'],
    summary: 'The installation at a glance',
    response: responses(
      200,
      object({
        usersOnline: count('Of all apps.'),
        sessions: count('Sockets of known users.'),
        connections: count('All sockets.'),
        messages: count('Accepted since Redis was empty, to users and to channels.'),
        unconfirmed: count('Messages written to sockets and not confirmed yet.'),
        uptime: count('Seconds, of the gateway that has been running longest.'),
        redisMilliseconds: { type: 'number', description: 'A round trip to Redis.' },
        gateways: {
          type: 'array',
          items: object({
            node: { type: 'string' },
            sessions: { type: 'integer' },
            connections: { type: 'integer' },
            unconfirmed: { type: 'integer' },
            since: count('Seconds since 1970.'),
          }),
        },
      }),
    ),
  },
  async handler(_request, reply) {
    // One after the other, or the first would wait behind the many questions of the second.
    const redisMilliseconds = Math.round((await cluster.roundTrip()) * 100) / 100;
    const { nodes: _, ...status } = await cluster.status();
    return sendJson(reply, 200, JSON.stringify({ ...status, redisMilliseconds }));
  },
});
