/** What every operator verb says of itself: for which app it asks, and with which API key. */
import { knownKey } from './api-key.ts';
import { type Invocation, option, wholeOption } from './command.ts';
import { Failure } from './failure.ts';

const maxApp = 999_999_999;

export const appOf = (invocation: Invocation): number =>
  wholeOption(invocation, 'app', [0, maxApp, 0]);

/** Of `--key`, the environment, or what `encke up` keeps in `folder`. */
export function keyOf(invocation: Invocation, folder: string): string {
  const key = option(invocation, 'key') ?? knownKey(invocation.env, folder);
  if (key !== undefined) return key;
  throw new Failure(
    'No API key: give it with --key or ENCKE_API_KEY, or start `encke up` first.',
    2,
  );
}
