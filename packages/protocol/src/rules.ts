/**
 * The rules for ids, hashes and names, each declared once, for HTTP, SQL and both wires.
 * A parser returns the branded value, or a Fault that names the field and the rule it broke.
 */
import type { App, Channel, Device, User } from './ids.ts';
import { limits } from './limits.ts';

export class Fault {
  readonly field: string;
  readonly rule: string;
  constructor(field: string, rule: string) {
    this.field = field;
    this.rule = rule;
  }
  /** One sentence for a person: "`user` must be …". Never contains the offending value. */
  get text(): string {
    return `\`${this.field}\` ${this.rule}`;
  }
}

export const isFault = (value: unknown): value is Fault => value instanceof Fault;

const digits = /^(0|[1-9][0-9]{0,8})$/;

function integer(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined;
  if (typeof value === 'string' && digits.test(value)) return Number(value);
  return undefined;
}

export const patterns = {
  hash: '^[A-Za-z0-9=+/_-]{0,32}$',
  event: '^[A-Za-z0-9_-]{0,64}$',
  device: '^[A-Za-z0-9_-]{1,64}$',
  idempotencyKey: '^[!-~]{1,128}$',
  channel: '^[A-Za-z0-9_-]{3,64}$',
} as const;

const hashPattern = /* @__PURE__ */ new RegExp(patterns.hash);
const eventPattern = /* @__PURE__ */ new RegExp(patterns.event);
const devicePattern = /* @__PURE__ */ new RegExp(patterns.device);
const idempotencyKeyPattern = /* @__PURE__ */ new RegExp(patterns.idempotencyKey);
const channelPattern = /* @__PURE__ */ new RegExp(patterns.channel);

/** [I1] app: an integer, 0 to 999,999,999. */
export function parseApp(value: unknown, field = 'app'): App | Fault {
  const n = integer(value);
  if (n === undefined || n < 0 || n > limits.maxNumber)
    return new Fault(field, 'must be an integer from 0 to 999999999');
  return n as App;
}

/** [I2] user: an integer, 1 to 999,999,999. */
export function parseUser(value: unknown, field = 'user'): User | Fault {
  const n = integer(value);
  if (n === undefined || n < 1 || n > limits.maxNumber)
    return new Fault(field, 'must be an integer from 1 to 999999999');
  return n as User;
}

/** [I3] device: 1 to 64 of `[A-Za-z0-9_-]`. */
export function parseDevice(value: unknown, field = 'device'): Device | Fault {
  if (typeof value === 'string' && devicePattern.test(value)) return value as Device;
  return new Fault(field, 'must be 1 to 64 characters of A-Z a-z 0-9 _ -');
}

/** [I4] hash: 0 to 32 of `[A-Za-z0-9=+/_-]`. An empty one is stored but lets nobody in. */
export function parseHash(value: unknown, field = 'hash'): string | Fault {
  if (typeof value !== 'string') return new Fault(field, 'must be a string');
  if (value.length > limits.hashLength) return new Fault(field, 'must be at most 32 characters');
  if (!hashPattern.test(value)) return new Fault(field, 'may contain only A-Z a-z 0-9 = + / _ -');
  return value;
}

/** [I5] event: 0 to 64 of `[A-Za-z0-9_-]`. */
export function parseEvent(value: unknown, field = 'event'): string | Fault {
  if (value === undefined) return '';
  if (typeof value !== 'string') return new Fault(field, 'must be a string');
  if (value.length > limits.eventLength) return new Fault(field, 'must be at most 64 characters');
  if (!eventPattern.test(value)) return new Fault(field, 'may contain only A-Z a-z 0-9 _ -');
  return value;
}

/** [I6] ttl: whole seconds, 1 to 604800. */
export function parseTtl(value: unknown, field = 'ttl'): number | undefined | Fault {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= limits.maxTtl)
    return value;
  return new Fault(field, 'must be a whole number of seconds from 1 to 604800');
}

/** [I7] idempotencyKey: 1 to 128 visible ASCII characters. */
export function parseIdempotencyKey(
  value: unknown,
  field = 'idempotencyKey',
): string | undefined | Fault {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && idempotencyKeyPattern.test(value)) return value;
  return new Fault(field, 'must be 1 to 128 visible ASCII characters');
}

/** [I9] channel: 3 to 64 of `[A-Za-z0-9_-]`. */
export function parseChannel(value: unknown, field = 'channel'): Channel | Fault {
  if (typeof value === 'string' && channelPattern.test(value)) return value as Channel;
  return new Fault(field, 'must be 3 to 64 characters of A-Z a-z 0-9 _ -');
}
