import { limits } from '@encke/protocol';
import { invalid, required, tooLong } from '../faults.ts';
import type { SqlFault } from '../outcome.ts';
import { defineTable } from './define.ts';

function tokenKey(text: string): string | SqlFault {
  if (text === '') return invalid('`token` must not be empty');
  if (Buffer.byteLength(text) > limits.tokenLength)
    return tooLong(`\`token\` must be at most ${limits.tokenLength} bytes`);
  return text;
}

/** JWTs that are no longer good. Inserting one closes the sockets that live on it. */
export const revokedTokens = defineTable({
  name: 'revoked_tokens',
  columns: [{ name: 'token', length: limits.tokenLength }],
  key: tokenKey,
  insert: {
    row: ({ token }) => (token === undefined ? required('token') : tokenKey(token)),
    store: ({ app, cluster }, token) => cluster.revoke(app, token),
    id: () => 1,
    counts: true,
  },
  read: async ({ app, cluster }, token: string) =>
    (await cluster.revoked(app, token)).map((stored) => [stored]),
  readAll: async ({ app, cluster }) => (await cluster.revoked(app)).map((stored) => [stored]),
  remove: async ({ app, cluster }, token) => Number(await cluster.unrevoke(app, token)),
});
