import { steadyNow } from './clock.ts';
import type { Context } from './context.ts';
import type { Argument } from './script-call.ts';
import type { Script } from './scripts.ts';
import { RedisUnavailable } from './unavailable.ts';

/**
 * Runs a script whose first argument is its deadline and whose answer begins with the time. One that was refused only
 * because the clocks differ is run again, ahead of what was asked for later.
 * @throws RedisUnavailable
 */
export async function runGuarded(
  { commands, deadlines }: Context,
  script: Script,
  partition: number,
  names: readonly string[],
  args: readonly Argument[],
): Promise<(string | number)[]> {
  const clock = commands.clustered ? partition : 0;
  let sentAt = 0;
  let again = true;
  const reply = await commands.run(script, names, args, {
    deadline() {
      sentAt = steadyNow();
      return deadlines.of(clock);
    },
    refused(reply) {
      const { length, 0: now } = reply as [number];
      if (length > 1 || !deadlines.refused(clock, now, sentAt) || !again) return false;
      again = false;
      return true;
    },
  });
  const values = reply as [number, ...(string | number)[]];
  if (values.length === 1) throw new RedisUnavailable('no', 'it ran too late');
  deadlines.observe(clock, values[0], sentAt);
  return values;
}
