import { steadyNow } from './clock.ts';
import type { Context } from './context.ts';
import type { Argument } from './script-call.ts';
import type { Script } from './scripts.ts';
import { RedisUnavailable } from './unavailable.ts';

/**
 * Runs a script whose first argument is its deadline and whose answer begins with the time. One that was refused only
 * because the clocks differ is run again.
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
  for (let again = true; ; again = false) {
    const sentAt = steadyNow();
    const deadline: Argument[] = [deadlines.of(clock)];
    const reply = await commands.run(script, names, deadline.concat(args));
    const values = reply as [number, ...(string | number)[]];
    if (values.length > 1) {
      deadlines.observe(clock, values[0], sentAt);
      return values;
    }
    if (!deadlines.refused(clock, values[0], sentAt) || !again) break;
  }
  throw new RedisUnavailable('no', 'it ran too late');
}
