/** What it means that Redis could not carry out a command. */

/** Redis could not carry out a command. `stored` says whether it may have taken effect all the same. */
export class RedisUnavailable extends Error {
  readonly stored: 'no' | 'unknown';
  constructor(stored: 'no' | 'unknown', cause: string) {
    super(`Redis is away: ${cause}`);
    this.name = 'RedisUnavailable';
    this.stored = stored;
  }
}

/** What a process is told that cannot work: `why` is a word of `wordOf`. */
export const away = (why: string | undefined): string =>
  why === undefined ? 'Redis is away' : `Redis is away: ${why}`;

/** A word for why a connection failed. Never more of the text: it may hold what was sent. */
export function wordOf(error: unknown): string | undefined {
  const { code, message, lastNodeError } = error as NodeJS.ErrnoException & {
    lastNodeError?: unknown;
  };
  if (lastNodeError) return wordOf(lastNodeError);
  // Sentinel: `All sentinels are unreachable. … Last error: NOAUTH …`
  return code ?? /(?:^|Last error: )([A-Z]{3,})\b/.exec(message)?.[1];
}

/**
 * What a script met in one entry of many. Redis itself may have refused the write: no memory left, a replica, a disk that is
 * full, too few replicas.
 */
export function entryFault(script: string, text: string): Error {
  const [code = ''] = text.split(' ');
  return /^(OOM|READONLY|MISCONF|NOREPLICAS|MASTERDOWN)$/.test(code)
    ? new RedisUnavailable('no', code)
    : new Error(`${script}: ${text}`);
}

/** What the client says of a command that Redis sent back again and again. */
const SENT_BACK = /^Too many Cluster redirections\..* ReplyError: ([A-Z]+)/;

/** A connection that broke leaves open what happened; an error that Redis itself answered means: not carried out. */
export function unavailable(error: Error): Error {
  if (error instanceof RedisUnavailable) return error;
  if (error.name === 'ReplyError') {
    // A fault in a script of ours is a bug, not an outage.
    return error.message.startsWith('ERR')
      ? error
      : new RedisUnavailable('no', error.message.split(' ')[0] ?? '');
  }
  const [, code] = SENT_BACK.exec(error.message) ?? [];
  if (code !== undefined) return new RedisUnavailable('no', code);
  const sent = !error.message.includes("isn't writeable");
  return new RedisUnavailable(sent ? 'unknown' : 'no', sent ? 'connection lost' : 'not connected');
}
