import { isFault, parseDevice } from '@encke/protocol';
import type { SafeStorage } from './storage.ts';

const key = 'encke:device';

/** 32 characters, because the old face promises a uuid of that length. */
export function newDevice(): string {
  // getRandomValues and not randomUUID: pages served over plain http have only the former.
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_');
}

/** The id of this browser, made at its first use and kept. */
export function deviceId(storage: SafeStorage): string {
  const kept = storage.get(key);
  // What lies in a storage may be anybody's: a server would refuse a bad id for ever.
  if (kept !== undefined && !isFault(parseDevice(kept))) return kept;
  storage.set(key, newDevice());
  // Read back: of two tabs that start together the later write wins, for both in most cases.
  return storage.get(key) ?? newDevice();
}
