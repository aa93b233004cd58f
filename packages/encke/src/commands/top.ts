import { setTimeout as pause } from 'node:timers/promises';
import { type Command, type Invocation, wholeOption } from '../command.ts';
import { Failure } from '../failure.ts';
import { callIngest, clientHelp, clientOptions } from '../ingest-client.ts';
import { type Look, type Size, type Status, screen } from '../top-screen.ts';

/** To the corner, and away with what stood there. */
const CLEAR = '\x1b[H\x1b[J';
/** Seconds. */
const EVERY = 2;

async function look(invocation: Invocation): Promise<Look> {
  const status = await callIngest<Status>(invocation, 'GET', '/status');
  return { status, at: performance.now() };
}

/** Goes on when ingest or Redis does not answer: that is when an operator looks. */
async function watch(invocation: Invocation, every: number, stopped: AbortSignal): Promise<void> {
  const { isTTY } = process.stdout;
  const show = (text: string): void => invocation.say(`${isTTY ? CLEAR : ''}${text}`);
  // The window may be resized meanwhile.
  const size = (): Size | undefined => (isTTY ? process.stdout : undefined);
  let before = await look(invocation);
  show(screen(before, undefined, size()));
  for (;;) {
    await pause(every * 1_000, undefined, { signal: stopped });
    try {
      const now = await look(invocation);
      show(screen(now, before, size()));
      before = now;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      show(error.message);
    }
  }
}

export const top: Command = {
  usage: 'top',
  summary: 'shows the installation, live: gateways, users, messages a second, Redis',
  help: `Ctrl-C ends it. All apps together; figures of a gateway are up to 2 seconds old.

  --every s    seconds between two looks (${EVERY})
  --once       one table, then the end; messages a second are those of the time between two looks
${clientHelp}`,
  options: { ...clientOptions, every: { type: 'string' }, once: { type: 'boolean' } },
  arity: [0, 0],
  verb: true,
  async run(invocation) {
    const every = wholeOption(invocation, 'every', [1, 3_600, EVERY]);
    if (invocation.options.once) {
      const before = await look(invocation);
      await pause(every * 1_000);
      invocation.say(screen(await look(invocation), before));
      return 0;
    }
    const stopped = new AbortController();
    const stop = (): void => stopped.abort();
    process.once('SIGINT', stop);
    try {
      await watch(invocation, every, stopped.signal);
    } catch (error) {
      if (!stopped.signal.aborted) throw error;
    } finally {
      process.off('SIGINT', stop);
    }
    return 0;
  },
};
