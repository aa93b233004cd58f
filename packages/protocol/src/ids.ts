/** Branded ids. They are made only here and in `rules.ts`, so a value of one of these types has passed its rule. */
declare const brand: unique symbol;
type Brand<T, B extends string> = T & { readonly [brand]: B };

/** Application number, 0…999,999,999 (the old `dev_id`); 0 in a single-app install. */
export type App = Brand<number, 'App'>;
/** User number within an app, 1…999,999,999. */
export type User = Brand<number, 'User'>;
/** Client-made id that survives a reload, 1 to 64 of `[A-Za-z0-9_-]`. */
export type Device = Brand<string, 'Device'>;
/** Name of a channel, 3 to 64 of `[A-Za-z0-9_-]`; on the old wire 2 to 64. */
export type Channel = Brand<string, 'Channel'>;
/** Random per boot of a gateway, 12 of `[a-z0-9]`. */
export type Node = Brand<string, 'Node'>;
/** One socket: `<node>.<counter>`. */
export type Session = Brand<string, 'Session'>;

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

// Drawn in bulk: one draw costs microseconds, and every call of some scripts brings an id for a record it may make.
const pool = new Uint8Array(4096);
let drawn = pool.length;

function randomId(length: number): string {
  if (drawn + length > pool.length) {
    crypto.getRandomValues(pool);
    drawn = 0;
  }
  let id = '';
  for (let i = 0; i < length; i++) id += alphabet[(pool[drawn + i] as number) % 36];
  drawn += length;
  return id;
}

export const newNode = (): Node => randomId(12) as Node;
/** Drawn when a user record is made; changes when Redis lost data. 10 of `[a-z0-9]`. */
export const newEpoch = (): string => randomId(10);
/** So many epochs in one text: another begins at each of its first `count` characters. */
export const newEpochs = (count: number): string => randomId(count + 9);
export const sessionId = (node: Node, counter: number): Session =>
  `${node}.${counter.toString(36)}` as Session;

/** A message's public id: unique over all users and epochs, so a client may drop a second copy by it. */
export const messageId = (epoch: string, seq: number): string => `${epoch}-${seq}`;
