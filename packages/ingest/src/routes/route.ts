import type { Cluster } from '@encke/cluster';
import type { Config } from '@encke/service';
import type { FastifyReply, RouteOptions } from 'fastify';
import type { Failures } from '../failures.ts';
import type { Streams } from '../streams.ts';

/** What the routes work with. */
export interface Ingest {
  readonly cluster: Cluster;
  readonly config: Config;
  readonly failures: Failures;
  readonly streams: Streams;
}

/** `url` may be shared by routes of other methods. `bodyLimit` in bytes. */
export type Route = (ingest: Ingest) => RouteOptions & { url: string; method: string };

export const userPath = '/v1/apps/:app/users/:user';
export const revokedTokensPath = '/v1/apps/:app/revoked-tokens';
export const channelPath = '/v1/apps/:app/channels/:channel';

/** `text` is JSON already. */
export const sendJson = (reply: FastifyReply, status: number, text: string): FastifyReply =>
  reply.code(status).header('content-type', 'application/json; charset=utf-8').send(text);
