import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { Problem, sendProblem } from './problem.ts';

const bearer = /^bearer +(\S+) *$/i;

const digest = (key: string): Buffer => createHash('sha256').update(key).digest();

export type KeyCheck = (authorization: string | undefined) => boolean;

/** Headers that were found right and are remembered; a key has few spellings. */
const remembered = 16;

/**
 * Several keys are valid at once, so that a key can be exchanged without an outage. Digests have one
 * length and all are compared, so the time tells neither the length of a key nor which one was near. A header
 * that was right once is looked up by its hash, whose seed nobody knows, before a character of it is compared.
 */
export function keyCheck(apiKeys: readonly string[]): KeyCheck {
  const digests = apiKeys.map(digest);
  const right = new Set<string>();
  return (authorization) => {
    if (authorization !== undefined && right.has(authorization)) return true;
    const key = bearer.exec(authorization ?? '')?.[1];
    if (key === undefined) return false;
    const given = digest(key);
    let found = false;
    for (const known of digests) if (timingSafeEqual(known, given)) found = true;
    if (found && authorization !== undefined && right.size < remembered) right.add(authorization);
    return found;
  };
}

const refused = new Problem(401, 'send `Authorization: Bearer <API key>` with a valid key');

/** The onRequest hook: runs before the body is read and, for the stream, before the upgrade. */
export function authenticate(check: KeyCheck) {
  return (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    if (check(request.headers.authorization)) done();
    else sendProblem(reply.header('www-authenticate', 'Bearer realm="encke"'), refused);
  };
}
