import { parseAddress } from '../address.ts';
import { isProblem, sendProblem } from '../problem.ts';
import { object, responses, userParams } from '../schemas.ts';
import { type Route, sendJson, userPath } from './route.ts';

const seconds = { type: 'integer', description: 'Seconds since 1970.' };

export const getUser: Route = ({ cluster }) => ({
  method: 'GET',
  url: userPath,
  schema: {
    tags: ['users'],
    summary: 'Is this user online, with which sessions, and how much waits for them',
    params: userParams,
    response: responses(
      200,
      object({
        online: { type: 'boolean' },
        lastSeen: { ...seconds, nullable: true, description: 'Seconds since 1970; null: never.' },
        queued: { type: 'integer' },
        sessions: {
          type: 'array',
          items: object({
            session: { type: 'string' },
            device: { type: 'string' },
            node: { type: 'string' },
            since: seconds,
          }),
        },
      }),
    ),
  },
  async handler(request, reply) {
    const address = parseAddress(request.params);
    if (isProblem(address)) return sendProblem(reply, address);
    const { online, lastSeen, queued, sessions } = await cluster.user(address.app, address.user);
    return sendJson(reply, 200, JSON.stringify({ online, lastSeen, queued, sessions }));
  },
});
