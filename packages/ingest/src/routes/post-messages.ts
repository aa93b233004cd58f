import { type Appended, RedisUnavailable } from '@encke/cluster';
import { type App, Fault, limits } from '@encke/protocol';
import { parseAppParam } from '../address.ts';
import { appendedFields, parseItem } from '../message.ts';
import { invalid, isProblem, type Problem, sendProblem } from '../problem.ts';
import {
  appended,
  appParams,
  batchBody,
  bodyRefusals,
  object,
  problem,
  responses,
} from '../schemas.ts';
import { type Ingest, type Route, sendJson } from './route.ts';

const bodyLimit = 16 * 1_048_576;

type Result = Appended | Problem;

/** Characters of messages that go to Redis at once: they must not outlast the deadline. */
const share = 1_048_576;
const notSent = new RedisUnavailable('no', 'it did not take what came before');

/**
 * The items go to Redis in this turn of the event loop, so they share its round trips. What is beyond a share waits until
 * that is answered; when Redis was away for it, the rest is not sent.
 */
async function appendAll(
  { cluster, config, failures }: Ingest,
  app: App,
  items: readonly unknown[],
): Promise<Result[]> {
  const results: (Result | Promise<Result>)[] = [];
  let away = false;
  const refused = (error: unknown): Problem => {
    away ||= error instanceof RedisUnavailable;
    return failures.problem(error, 'message', { app, route: 'batch' });
  };
  let characters = 0;
  for (const item of items) {
    const message = parseItem(app, item, config.maxMessage);
    if (isProblem(message)) {
      results.push(message);
      continue;
    }
    if (characters > 0 && characters + message.data.length > share) {
      await Promise.all(results);
      characters = 0;
    }
    characters += message.data.length;
    results.push(away ? refused(notSent) : cluster.append(message).catch(refused));
  }
  return Promise.all(results);
}

/**
 * Nothing was accepted and Redis was away: then the whole call says so, in its status. `stored` is
 * `unknown` as soon as it is for one item.
 */
function outage(results: readonly Result[]): Problem | undefined {
  let found: Problem | undefined;
  for (const result of results) {
    if (!isProblem(result)) return undefined;
    if (result.status === 503 && found?.stored !== 'unknown') found = result;
  }
  return found;
}

const resultText = (result: Result): string =>
  isProblem(result) ? `{"error":${JSON.stringify(result)}}` : `{${appendedFields(result)}}`;

export const postMessages: Route = (ingest) => ({
  method: 'POST',
  url: '/v1/apps/:app/messages',
  bodyLimit,
  schema: {
    tags: ['messages'],
    summary: 'Send up to 1,000 messages; a fault in one fails only that one',
    params: appParams,
    body: batchBody,
    response: responses(
      202,
      object({
        results: {
          type: 'array',
          description: 'One per message, in order.',
          items: { anyOf: [appended, object({ error: problem })] },
        },
      }),
      ...bodyRefusals,
    ),
  },
  async handler(request, reply) {
    const app = parseAppParam(request.params);
    if (isProblem(app)) return sendProblem(reply, app);
    const { body } = request;
    if (isProblem(body)) return sendProblem(reply, body);
    if (!Array.isArray(body) || body.length > limits.batchItems) {
      const rule = `must be an array of at most ${limits.batchItems} messages`;
      return sendProblem(reply, invalid(new Fault('body', rule)));
    }
    const results = await appendAll(ingest, app, body);
    const away = outage(results);
    if (away !== undefined) return sendProblem(reply, away);
    return sendJson(reply, 202, `{"results":[${results.map(resultText).join(',')}]}`);
  },
});
