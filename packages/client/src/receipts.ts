/** Milliseconds for which the server may take a message for being on its way that the app has seen. */
const delay = 200;

// A hidden page's timers run once a second or once a minute: there a receipt does not wait for one.
const hidden = (): boolean => globalThis.document?.visibilityState === 'hidden';

/** Confirms by the last position alone: at once after a quiet time, at most every 200 ms in a stream. */
export class Receipts<T> {
  private readonly send: (last: T) => void;
  private pending: T | undefined;
  private sentAt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(send: (last: T) => void) {
    this.send = send;
  }

  /** The app has seen everything up to here. */
  add(last: T): void {
    this.pending = last;
    if (this.timer !== undefined) return;
    if (hidden() || Math.abs(Date.now() - this.sentAt) >= delay) this.flush();
    else this.timer = setTimeout(() => this.flush(), delay);
  }

  flush(): void {
    const last = this.pending;
    this.forget();
    if (last === undefined) return;
    this.sentAt = Date.now();
    this.send(last);
  }

  /** The socket or the epoch is gone, and what waits means nothing there any more. */
  forget(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.pending = undefined;
  }
}
