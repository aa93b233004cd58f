/**
 * - `bad-request`, `not-allowed`: the server refused, and would again
 * - `unavailable`: the server could not do it just now; whether a publish was taken is not known
 * - `timeout`: no answer in time
 * - `interrupted`: the connection was lost after a publish was sent, so nobody knows whether it was taken
 * - `closed`: the client is closed
 */
export type ErrorCode =
  | 'bad-request'
  | 'not-allowed'
  | 'unavailable'
  | 'timeout'
  | 'interrupted'
  | 'closed';

/** Why a promise of the client was rejected, unless by an AbortSignal. */
export class EnckeError extends Error {
  override readonly name = 'EnckeError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
