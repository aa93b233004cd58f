/**
 * What the tabs of a browser say to each other. One of them, the holder, has the socket; it hears the others' words as it
 * hears its own tab's, and a tab that shares with nobody is the holder of itself.
 */
import type { ChannelFrame, Position, ServerFrame } from '@encke/protocol';
import type { State } from '../events.ts';

export interface Publish {
  readonly type: 'publish';
  readonly ref: string;
  readonly channel: string;
  readonly event: string;
  readonly data: unknown;
  readonly hidden?: boolean | undefined;
}
/** Sent to the gateway as it is; `ref` begins with the name of the tab that asks. */
export type Request =
  | Publish
  | {
      readonly type: 'history' | 'count' | 'members';
      readonly ref: string;
      readonly channel: string;
    }
  | {
      readonly type: 'user-data' | 'user-status';
      readonly ref: string;
      readonly user: number;
    };

/** What a tab's handlers have seen, and the channels it listens to with what they have seen there. */
export interface Join {
  readonly type: 'join';
  readonly position?: Position | undefined;
  readonly channels: readonly (readonly [channel: string, position: Position | undefined])[];
}

/** From a tab to the holder. */
export type Up =
  | Join
  /** The tab's handlers have seen everything up to here. */
  | { readonly type: 'seen'; readonly position: Position }
  | { readonly type: 'want'; readonly channel: string; readonly position?: Position | undefined }
  | { readonly type: 'unwant'; readonly channel: string }
  /** Dropped while there is no connection, which the tab was told or is about to be told. */
  | { readonly type: 'ask'; readonly frame: Request }
  /** Are you there? Answered with a beat. */
  | { readonly type: 'ping' }
  /** The answer to a beat. */
  | { readonly type: 'alive' }
  /** The page is back in sight or back online: the connection may have died meanwhile. */
  | { readonly type: 'wake' }
  /** The answer to `key-wanted`; undefined: this tab has no other. */
  | { readonly type: 'key'; readonly key: string | undefined };

/** From the holder to a tab, or to all. */
export type Down =
  /** I hold the socket, and these are the tabs that I serve. */
  | { readonly type: 'beat'; readonly tabs: readonly string[] }
  /** Any state but online, which the ready frame tells. */
  | { readonly type: 'state'; readonly state: State }
  | { readonly type: 'frame'; readonly frame: ServerFrame }
  /** Published by another tab, so the server does not send it to us. It may come before messages that are older. */
  | { readonly type: 'echo'; readonly frame: ChannelFrame }
  /** The server does not take my tab's key, or it has none: has anybody another? */
  | { readonly type: 'key-wanted' };

export type Letter =
  /** `term`: of the holder that the tab knows. */
  | { readonly from: string; readonly term: number; readonly up: Up }
  /** Its own `term`, which grows from holder to holder, so that one who was deposed and does not know it yet is not heard. */
  | { readonly to: string | undefined; readonly term: number; readonly down: Down };
