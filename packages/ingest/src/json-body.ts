import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { Fault } from '@encke/protocol';
import { errorCodes, type FastifyRequest } from 'fastify';
import { invalid, Problem, tooLarge } from './problem.ts';

type Done = (error: Error | null, body?: unknown) => void;

/**
 * A body over its limit is read to its end and thrown away, so that the sender gets to read the 413:
 * closing a connection with unread bytes resets it. This many bytes over the limit it is reset all the same.
 */
const patience = 64 * 1_048_576;

/** Plain JSON.parse: `data` is opaque, a `__proto__` in it is a key like any other. */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) return invalid(new Fault('body', 'must be valid UTF-8'));
  try {
    return JSON.parse(bytes.toString()) as unknown;
  } catch {
    return invalid(new Fault('body', 'must be valid JSON'));
  }
}

/**
 * The body parser of one route: gives the parsed value, undefined for an empty body, or a Problem.
 * A bad body is an expected outcome: the connection lives on. `json`: whether the sender calls it that. Clients name
 * some type, or none, with an empty body too.
 */
export function jsonBody(limit: number, json: boolean) {
  return (request: FastifyRequest, payload: IncomingMessage, done: Done): void => {
    const encoding = request.headers['content-encoding'];
    const chunks: Buffer[] = [];
    let size = 0;
    payload.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else if (size > limit + patience) payload.destroy();
    });
    payload.on('end', () => {
      const [first] = chunks;
      if (size === 0) done(null, undefined);
      else if (!json) done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE());
      else if (size > limit) done(null, tooLarge('body', limit));
      else if (encoding !== undefined && encoding !== 'identity')
        done(null, new Problem(415, 'a body with a `Content-Encoding` is not read'));
      else
        done(null, parseJson(chunks.length === 1 && first ? first : Buffer.concat(chunks, size)));
    });
    // The sender is gone: its fault, and nothing of the call is carried out.
    payload.on('error', () => done(new errorCodes.FST_ERR_CTP_INVALID_CONTENT_LENGTH()));
  };
}
