import { readFileSync } from 'node:fs';
import type { Server } from 'node:net';
import type { Log } from './log.ts';
import { NowAndThen } from './now-and-then.ts';

/** Files that connections leave to Redis, to the admin port and to pages. */
const SPARE = 100;
/** Milliseconds between two log lines about it. */
const QUIET = 60_000;

/** How many files this process may open; undefined where the system does not say it as Linux does. */
function fileLimit(): number | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/**
 * Closes connections that come when nearly all files are in use. If they took the last ones, a process that lost Redis for
 * a moment could not connect to it again, nor say how it is, for as long as they stay.
 */
export function spareFiles(server: Server, log: Log, limit = fileLimit()): void {
  if (limit === undefined) return;
  const most = Math.max(1, limit - SPARE);
  server.maxConnections = most;
  const lines = new NowAndThen(QUIET);
  server.on('drop', () => {
    const refused = lines.due();
    if (refused === undefined) return;
    log.warn(
      { connections: most, files: limit, refused },
      'too many connections: new ones are closed',
    );
  });
}
