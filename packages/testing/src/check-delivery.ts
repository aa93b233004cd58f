import assert from 'node:assert/strict';
import { eventually } from './eventually.ts';

export interface Receiver {
  readonly user: number;
  readonly device: string;
  readonly wire?: string;
  /** Ids, in the order in which the app got them. */
  readonly received: readonly string[];
}

const shown = 8;

function list(ids: readonly string[]): string {
  const head = ids.slice(0, shown).join(' ');
  return ids.length > shown ? `${head} … (${ids.length})` : head;
}

/** What is wrong with one device's messages, in words; undefined: nothing. */
export function deliveryFault(
  expected: readonly string[],
  received: readonly string[],
): string | undefined {
  const wanted = new Set(expected);
  const seen = new Set<string>();
  const twice = received.filter((id) => seen.size === seen.add(id).size);
  const lost = expected.filter((id) => !seen.has(id));
  const strange = received.filter((id) => !wanted.has(id));
  const faults = [
    lost.length > 0 && `lost: ${list(lost)}`,
    twice.length > 0 && `twice: ${list(twice)}`,
    strange.length > 0 && `not expected: ${list(strange)}`,
  ].filter((fault) => fault !== false);
  if (faults.length === 0) {
    const at = received.findIndex((id, i) => id !== expected[i]);
    if (at < 0) return undefined;
    faults.push(`order: at ${at} came ${received[at]} instead of ${expected[at]}`);
  }
  return `has ${received.length} of ${expected.length}; ${faults.join('; ')}`;
}

/** Every device has every expected message of its user once and in order. `expected`: ids by user, in seq order. */
export function checkDelivery(
  expected: ReadonlyMap<number, readonly string[]>,
  devices: readonly Receiver[],
): void {
  const faults: string[] = [];
  for (const { user, device, wire = 'device', received } of devices) {
    const fault = deliveryFault(expected.get(user) ?? [], received);
    if (fault !== undefined) faults.push(`user ${user}, ${wire} ${device} ${fault}`);
  }
  const more = faults.length > 10 ? `\n… and ${faults.length - 10} more` : '';
  assert.equal(faults.length, 0, `${faults.slice(0, 10).join('\n')}${more}`);
}

/** As `checkDelivery`, once all have as many as they should; at the deadline it tells what is missing. */
export async function eventuallyDelivered(
  expected: ReadonlyMap<number, readonly string[]>,
  devices: readonly Receiver[],
  timeout = 30_000,
): Promise<void> {
  const short = () =>
    devices.some(({ user, received }) => received.length < (expected.get(user)?.length ?? 0));
  await eventually(() => assert.equal(short(), false), { timeout, every: 50 }).catch(() => {});
  checkDelivery(expected, devices);
}
