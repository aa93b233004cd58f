export type { BackoffOptions } from './backoff.ts';
export { Client, createClient } from './client.ts';
export type { CometFace, CometMessage, CometOptions } from './comet-server.ts';
export { CometServer } from './comet-server.ts';
export type {
  ClientEvents,
  Handler,
  Message,
  Missed,
  Position,
  State,
  Unsubscribe,
} from './events.ts';
export type { ClientOptions } from './options.ts';
export type { StorageLike } from './storage.ts';
export type { WebSocketConstructor, WebSocketLike } from './web-socket.ts';
