import type { CloseName } from '@encke/protocol';
import type { Receipts } from './receipts.ts';
import type { Session } from './session.ts';

/** What a session needs of its gateway. */
export interface House {
  /** Milliseconds. */
  readonly pingInterval: number;
  readonly pongTimeout: number;
  /** Bytes that may wait in one socket. */
  readonly sendBuffer: number;
  readonly receipts: Receipts;
  /** This session has something to write at the end of the tick. */
  dirty(session: Session): void;
  /** A message of this age (accepted at `time`, ms) is being written. */
  delivered(time: number, queued: boolean): void;
  ending(close: CloseName): void;
  /** A bug: logged, counted, and the end of this session. */
  fault(error: unknown, session: Session): void;
  /** Out of the local map and of Redis' registry. */
  left(session: Session): void;
}
