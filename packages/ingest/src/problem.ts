import { STATUS_CODES } from 'node:http';
import type { RedisUnavailable } from '@encke/cluster';
import type { Fault } from '@encke/protocol';
import type { FastifyReply } from 'fastify';

interface FieldError {
  readonly field: string;
  readonly detail: string;
}

interface Extra {
  readonly field?: string;
  readonly errors?: readonly FieldError[];
  readonly stored?: 'no' | 'unknown';
}

/** Problem details (RFC 9457), as they go out: of a whole call, of one item of a batch, of one line of a stream. */
export class Problem {
  readonly type = 'about:blank';
  readonly title: string;
  readonly status: number;
  /** One sentence for a person: names the field and the rule, never the value. */
  readonly detail: string;
  /** The first field that broke a rule. */
  readonly field?: string;
  /** All of them, when there are several. */
  readonly errors?: readonly FieldError[];
  /** With 503: whether the message may have been stored all the same. */
  readonly stored?: 'no' | 'unknown';

  constructor(status: number, detail: string, extra: Extra = {}) {
    this.title = STATUS_CODES[status] ?? 'Error';
    this.status = status;
    this.detail = detail;
    if (extra.field !== undefined) this.field = extra.field;
    if (extra.errors !== undefined) this.errors = extra.errors;
    if (extra.stored !== undefined) this.stored = extra.stored;
  }
}

export const isProblem = (value: unknown): value is Problem => value instanceof Problem;

/** 400 for one or more broken rules. */
export function invalid(first: Fault, ...others: readonly Fault[]): Problem {
  if (others.length === 0) return new Problem(400, first.text, { field: first.field });
  const faults = [first, ...others];
  return new Problem(400, faults.map((fault) => fault.text).join('; '), {
    field: first.field,
    errors: faults.map((fault) => ({ field: fault.field, detail: fault.text })),
  });
}

export const tooLarge = (field: string, bytes: number): Problem =>
  new Problem(413, `\`${field}\` must be at most ${bytes} bytes`, { field });

/** For streams, which are drained before the process stops. */
export const goingAway = new Problem(503, 'this node is going away: nothing was stored', {
  stored: 'no',
});

/** Seconds after which a call refused with 503 may be tried again. */
const retryAfter = 1;

/** What a call was for; it decides what to do about an answer that is missing. */
export type Purpose = 'message' | 'publish' | 'call';

const unknown: Readonly<Record<Purpose, string>> = {
  message: 'it is not known whether it was stored; repeat with the same idempotencyKey',
  publish: 'it is not known whether it was published; subscribers of a repeated one may see both',
  call: 'it is not known whether it was carried out; repeat the call',
};

/** An answer of 2xx always means stored; this is the other answer, and says what is known. */
export function unavailable(stored: RedisUnavailable['stored'], purpose: Purpose): Problem {
  const detail = `Redis is away: ${stored === 'no' ? 'nothing was stored' : unknown[purpose]}`;
  return new Problem(503, detail, { stored });
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.status === 503) reply.header('retry-after', String(retryAfter));
  return reply
    .code(problem.status)
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify(problem));
}
