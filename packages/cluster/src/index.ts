export type { Append, Appended } from './append.ts';
export type { Bus, BusHandlers, BusMember, BusMessage } from './bus.ts';
export type { ChannelMessage } from './channel-message.ts';
export type { Channels, History, Member } from './channels.ts';
export { steadyNow } from './clock.ts';
export { type Cluster, openCluster } from './cluster.ts';
export type { Inbox, Page, Undelivered } from './inbox.ts';
export { type Jobs, type RepeatingJob, startJobs } from './jobs.ts';
export { channelTarget, parseChannelTarget, parseTarget, target } from './keys.ts';
export type { Heartbeat, Sweeper } from './nodes.ts';
export type { Publish, Published } from './publish.ts';
export type {
  AckOrder,
  Attached,
  DetachOrder,
  RegisterOrder,
  Registry,
  Token,
} from './registry.ts';
export { tokenDigest } from './revoked-tokens.ts';
export { acceptanceCounters, type Stats } from './stats.ts';
export type { Standing, SubscriptionChange, Subscriptions } from './subscriptions.ts';
export { RedisUnavailable } from './unavailable.ts';
export type { CloseReason } from './users.ts';
