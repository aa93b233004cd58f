import { METHODS } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { jsonBody } from '../json-body.ts';
import { Problem, sendProblem } from '../problem.ts';
import { deleteAuth } from './delete-auth.ts';
import { deleteChannelMessages } from './delete-channel-messages.ts';
import { deleteRevokedTokens } from './delete-revoked-tokens.ts';
import { deleteUserMessages } from './delete-user-messages.ts';
import { getChannel } from './get-channel.ts';
import { getChannelMessages } from './get-channel-messages.ts';
import { getChannelSubscribers } from './get-channel-subscribers.ts';
import { getData } from './get-data.ts';
import { getStatus } from './get-status.ts';
import { getUser } from './get-user.ts';
import { getUserMessages } from './get-user-messages.ts';
import { postChannelMessages } from './post-channel-messages.ts';
import { postDisconnect } from './post-disconnect.ts';
import { postMessages } from './post-messages.ts';
import { postRevokedTokens } from './post-revoked-tokens.ts';
import { postUserMessages } from './post-user-messages.ts';
import { putAuth } from './put-auth.ts';
import { putChannelSettings } from './put-channel-settings.ts';
import { putData } from './put-data.ts';
import type { Ingest } from './route.ts';
import { stream } from './stream.ts';

const routes = [
  putAuth,
  deleteAuth,
  postUserMessages,
  postMessages,
  getUserMessages,
  deleteUserMessages,
  getUser,
  postDisconnect,
  putData,
  getData,
  postRevokedTokens,
  deleteRevokedTokens,
  postChannelMessages,
  getChannelMessages,
  deleteChannelMessages,
  getChannel,
  getChannelSubscribers,
  putChannelSettings,
  getStatus,
  stream,
];

/** Bytes of a body that holds no message. */
const smallBody = 8_192;
/** All that get as far as a path. */
const methods = METHODS.filter((method) => method !== 'CONNECT');

/** 405 for a known path. */
function refuseOthers(api: FastifyInstance, url: string, allowed: readonly string[]): void {
  const problem = new Problem(405, `this path takes ${allowed.join(', ')}`);
  const refuse = (_request: FastifyRequest, reply: FastifyReply) => {
    sendProblem(reply.header('allow', allowed.join(', ')), problem);
  };
  api.route({
    method: methods.filter((method) => !allowed.includes(method)),
    url,
    schema: { hide: true },
    // Before the body is read: what it holds does not matter.
    onRequest: refuse,
    handler: refuse,
  });
}

/** Every call of the API; the caller has put the key check in front of `api`. */
export function registerRoutes(api: FastifyInstance, ingest: Ingest): void {
  const known = new Set<string>(api.supportedMethods);
  for (const method of methods) if (!known.has(method)) api.addHttpMethod(method);
  const allowed = new Map<string, string[]>();
  for (const route of routes) {
    const options = route(ingest);
    const { url, method, bodyLimit = smallBody } = options;
    allowed.set(url, [...(allowed.get(url) ?? []), method]);
    // A scope of its own, because the body parser knows the limit of its route.
    api.register((scope, _options, done) => {
      scope.addContentTypeParser('application/json', jsonBody(bodyLimit, true));
      scope.addContentTypeParser('*', jsonBody(bodyLimit, false));
      scope.route(options);
      done();
    });
  }
  for (const [url, those] of allowed) refuseOthers(api, url, those);
}
