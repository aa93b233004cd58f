/** Limits of both wires that no operator turns. The ones an operator turns are in `service/config`. */
export const limits = {
  /** Largest app and user number. */
  maxNumber: 999_999_999,
  hashLength: 32,
  eventLength: 64,
  deviceLength: 64,
  keyLength: 4096,
  channelNameMax: 64,
  /** Channels of one socket. */
  channels: 32,
  /** Messages that the history of a channel holds at most. */
  history: 99,
  /** Bytes of a token that SQL revokes. */
  tokenLength: 600,
  /** Characters of a ref of `encke.v1` and of the stream, and of a marker on the old wire. */
  refLength: 64,
  /** Seconds. A week: longer than that a message belongs in a database. */
  maxTtl: 604_800,
  /** Items in one batch of `POST /v1/apps/{app}/messages`. */
  batchItems: 1_000,
  /** Milliseconds a v1 socket may stay silent before its hello. */
  helloTimeout: 10_000,
  /** Bytes of one frame from a device: a command or a publish, with room for its head. */
  clientFrame: 65_536 + 1_024,
} as const;
