import { pino } from 'pino';
import { createPlainStream } from './plain-stream.ts';

export type Log = pino.Logger;

/**
 * A second line of defence: callers log ids only, but an error of a library may carry a command's arguments
 * or a request's headers along.
 */
const secret = ['key', 'apiKey', 'hash', 'token', 'authorization', 'password', 'data', 'body'];
const redact = {
  paths: [
    ...secret.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
    'command.args',
    '*.command.args',
    '*.*.command.args',
    'previousErrors',
    '*.previousErrors',
  ],
  censor: '[redacted]',
};

/**
 * Logs to stderr: one JSON object a line, or plain lines when a person watches (stderr is a terminal).
 * Writes are synchronous, so that the last words of a dying process are not lost.
 */
export function createLog(
  process: string,
  level: string,
  destination: pino.DestinationStream = globalThis.process.stderr.isTTY
    ? createPlainStream(globalThis.process.stderr)
    : pino.destination({ fd: 2, sync: true }),
): Log {
  return pino(
    {
      level,
      base: { process },
      redact,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}
