import { limits } from '@encke/protocol';
import { invalid, required, tooLong } from '../faults.ts';
import type { SqlFault } from '../outcome.ts';
import { defineTable, type Fields } from './define.ts';

function parseToken(text: string, longest: number): string | SqlFault {
  if (text === '') return invalid('`token` must not be empty');
  if (Buffer.byteLength(text) > longest)
    return tooLong(`\`token\` must be at most ${longest} bytes`);
  return text;
}

/** A line end behind a token, or `Bearer` before it, would be stored as a token that nobody has. */
function tokenOf({ token }: Fields): string | SqlFault {
  if (token === undefined) return required('token');
  if (/\s/.test(token)) return invalid('`token` must not have blanks');
  return parseToken(token, limits.tokenLength);
}

/** JWTs that are no longer good. Inserting one closes the sockets that live on it. */
export const revokedTokens = defineTable({
  name: 'revoked_tokens',
  columns: [{ name: 'token', length: limits.keyLength }],
  // Over HTTP longer ones are revoked.
  key: (text) => parseToken(text, limits.keyLength),
  insert: {
    row: tokenOf,
    store: ({ app, cluster }, token) => cluster.revoke(app, token),
    id: () => 1,
    counts: true,
  },
  read: async ({ app, cluster }, token: string) =>
    (await cluster.revoked(app, token)).map((stored) => [stored]),
  readAll: async ({ app, cluster }) => (await cluster.revoked(app)).map((stored) => [stored]),
  remove: async ({ app, cluster }, token) => Number(await cluster.unrevoke(app, token)),
});
