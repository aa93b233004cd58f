import { Fault, limits } from '@encke/protocol';
import { parseChannelAddress } from '../address.ts';
import { isObject, unknownFields } from '../message.ts';
import { invalid, isProblem, type Problem, sendProblem } from '../problem.ts';
import { bodyRefusals, channelParams, empty, object, responses } from '../schemas.ts';
import { channelPath, type Route } from './route.ts';

const known = new Set(['history']);
const rule = new Fault('history', `must be a whole number from 0 to ${limits.history}`);

function parseHistory(body: unknown): number | Problem {
  if (isProblem(body)) return body;
  if (!isObject(body)) return invalid(new Fault('body', 'must be a JSON object'));
  const { history } = body;
  const fine =
    typeof history === 'number' &&
    Number.isInteger(history) &&
    history >= 0 &&
    history <= limits.history;
  const strangers = unknownFields(body, known);
  if (!fine) return invalid(rule, ...strangers);
  const [first, ...others] = strangers;
  return first === undefined ? history : invalid(first, ...others);
}

export const putChannelSettings: Route = ({ cluster }) => ({
  method: 'PUT',
  url: `${channelPath}/settings`,
  schema: {
    tags: ['channels'],
    summary: 'Set how many messages the channel keeps, the newest ones',
    params: channelParams,
    body: object({ history: { type: 'integer', minimum: 0, maximum: limits.history } }, [
      'history',
    ]),
    response: responses(204, empty, ...bodyRefusals),
  },
  async handler(request, reply) {
    const address = parseChannelAddress(request.params);
    if (isProblem(address)) return sendProblem(reply, address);
    const history = parseHistory(request.body);
    if (isProblem(history)) return sendProblem(reply, history);
    await cluster.channels.setHistory(address.app, address.channel, history);
    return reply.code(204).send();
  },
});
