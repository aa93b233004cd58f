/**
 * The rules as OpenAPI shows them. Requests are checked by the parsers of `@encke/protocol`, so these
 * only document; the numbers and patterns come from the same place.
 */
import { limits, patterns } from '@encke/protocol';

type Schema = Readonly<Record<string, unknown>>;

const app = { type: 'integer', minimum: 0, maximum: limits.maxNumber };
const user = { type: 'integer', minimum: 1, maximum: limits.maxNumber };
const ttl = {
  type: 'integer',
  minimum: 1,
  maximum: limits.maxTtl,
  description: 'Seconds; the default is the offline TTL of the installation.',
};

export const object = (properties: Schema, required: readonly string[] = []): Schema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  // OpenAPI 3.0 forbids an empty list.
  ...(required.length > 0 && { required }),
});

export const channelParams = object(
  { app, channel: { type: 'string', pattern: patterns.channel } },
  ['app', 'channel'],
);
export const appParams = object({ app }, ['app']);
export const userParams = object({ app, user }, ['app', 'user']);

const contentProperties = {
  event: { type: 'string', pattern: patterns.event, default: '' },
  data: { description: 'Any JSON value, null too.' },
};
const messageProperties = {
  ...contentProperties,
  ttl,
  idempotencyKey: {
    type: 'string',
    pattern: patterns.idempotencyKey,
    description: 'A second send with the same key gets the first answer and is not delivered.',
  },
};

export const hashBody = object({ hash: { type: 'string', pattern: patterns.hash }, ttl }, ['hash']);
export const messageBody = object(messageProperties, ['data']);
export const publishBody = object(contentProperties, ['data']);
export const batchBody = {
  type: 'array',
  maxItems: limits.batchItems,
  items: object({ user, ...messageProperties }, ['user', 'data']),
};

export const dataBody = object({ data: { description: 'Any JSON value, null too.' } }, ['data']);
export const tokenBody = object(
  { token: { type: 'string', minLength: 1, maxLength: limits.keyLength, pattern: '^[!-~]+$' } },
  ['token'],
);

export const problem = {
  description: 'Problem details (RFC 9457)',
  type: 'object',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    field: { type: 'string' },
    errors: {
      type: 'array',
      items: object({ field: { type: 'string' }, detail: { type: 'string' } }),
    },
    stored: { type: 'string', enum: ['no', 'unknown'] },
  },
};

export const appended = object({
  id: { type: 'string' },
  seq: { type: 'integer' },
  sessions: { type: 'integer', description: 'Sessions told; 0: it waits in the inbox.' },
  queued: { type: 'boolean' },
});

export const empty = { type: 'null', description: 'No content' };

const refusal = {
  description: problem.description,
  content: { 'application/problem+json': { schema: problem } },
};

/** The success of a route, the refusals that all of them share, and those of its own. */
export const responses = (status: number, schema: Schema, ...refusals: readonly number[]): Schema =>
  Object.fromEntries([
    [status, schema],
    ...[400, 401, ...refusals, 503].map((refused) => [refused, refusal] as const),
  ]);

/** The refusals of a call with a body. */
export const bodyRefusals = [413, 415] as const;
