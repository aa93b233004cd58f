import type { BackoffOptions } from './backoff.ts';
import type { StorageLike } from './storage.ts';
import type { WebSocketConstructor } from './web-socket.ts';

export interface ClientOptions {
  /**
   * The gateway: `https://push.example.com`, `wss://…`, or with a path when a proxy adds one. Several are
   * tried in turn. Default in a page: where the page came from.
   */
  readonly url?: string | readonly string[];
  /** Application number, 0 to 999,999,999. Default 0, a single-app install. */
  readonly app?: number;
  /** User number, 1 to 999,999,999. Absent: anonymous. */
  readonly user?: number;
  /** The user's auth hash or a JWT, at most 4,096 characters. */
  readonly key?: string;
  /**
   * Instead of `key`: asked before the first attempt and again when the key was refused or has expired, so a page may
   * stay open longer than a key lives. When it rejects or gives what is no key, the attempt counts as failed and is repeated
   * after the usual wait.
   */
  readonly getKey?: () => string | null | undefined | Promise<string | null | undefined>;
  /** Stable id of this device, 1 to 64 of `[A-Za-z0-9_-]`. Default: one per browser, kept in localStorage. */
  readonly device?: string;
  /**
   * Keeps the device id and the position in the inbox. Default in a page: localStorage and sessionStorage; elsewhere
   * memory. One storage must not be shared by two clients of the same user.
   */
  readonly storage?: StorageLike;
  /**
   * Whether the tabs of this browser with the same addresses, app and user share one socket. Default true, where the browser
   * has Web Locks and BroadcastChannel.
   */
  readonly tabs?: boolean;
  readonly backoff?: BackoffOptions;
  /** Default: the global one, else that of the package `ws`. */
  readonly WebSocket?: WebSocketConstructor;
}
