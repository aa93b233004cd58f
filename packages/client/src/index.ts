export type { BackoffOptions } from './backoff.ts';
export type { Channel } from './channel.ts';
export { Client, createClient } from './client.ts';
export type { CometFace, CometMessage, CometOptions } from './comet-server.ts';
export { CometServer } from './comet-server.ts';
export { EnckeError, type ErrorCode } from './errors.ts';
export type {
  AskOptions,
  ChannelEvents,
  ChannelMessage,
  ChannelMissed,
  ClientEvents,
  Handler,
  ListenOptions,
  Member,
  Message,
  Missed,
  Position,
  PublishOptions,
  State,
  Unsubscribe,
  UserStatus,
} from './events.ts';
export type { ClientOptions } from './options.ts';
export type { Presence } from './presence.ts';
export type { StorageLike } from './storage.ts';
export type { WebSocketConstructor, WebSocketLike } from './web-socket.ts';
