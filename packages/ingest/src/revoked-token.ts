import { Fault, limits } from '@encke/protocol';
import { isObject, unknownFields } from './message.ts';
import { invalid, isProblem, type Problem } from './problem.ts';

/** Bytes of a body with a token: JSON may write one byte as six. */
export const tokenBytes = 32_768;

const known = new Set(['token']);
const visible = /^[!-~]+$/;

/** What a device may show as its key can be revoked. It need not be a good token: one that is not lets nobody in. */
export function parseRevokedToken(body: unknown): string | Problem {
  if (isProblem(body)) return body;
  if (!isObject(body)) return invalid(new Fault('body', 'must be a JSON object'));
  const { token } = body;
  const fits = typeof token === 'string' && token.length <= limits.keyLength && visible.test(token);
  const [first, ...others] = [
    ...(fits ? [] : [new Fault('token', 'must be 1 to 4096 visible ASCII characters')]),
    ...unknownFields(body, known),
  ];
  return first ? invalid(first, ...others) : (token as string);
}
