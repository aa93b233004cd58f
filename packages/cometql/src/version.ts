/**
 * What the server says it is, in its greeting and to `SELECT VERSION()`. Clients read the number and choose their questions
 * by it; the rest is for people.
 */
export const serverVersion = '8.0.40-encke';
