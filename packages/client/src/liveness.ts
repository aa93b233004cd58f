/** Milliseconds without a frame after which the server is asked for one. */
const silence = 30_000;
/** Milliseconds the server has to send anything at all after that. */
const patience = 10_000;

/**
 * Finds a connection that is dead without a close: a phone that changed its network, a laptop that slept.
 * The server's own pings are answered by the browser without telling us, so they prove nothing here.
 */
export class Liveness {
  private readonly ping: () => void;
  private readonly dead: () => void;
  private heardAt = 0;
  private asking = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ping: () => void, dead: () => void) {
    this.ping = ping;
    this.dead = dead;
  }

  start(): void {
    this.heard();
    this.listen(silence);
  }

  /** Anything came. Called for each frame: it only notes the time, the timer finds it. */
  heard(): void {
    this.heardAt = Date.now();
    if (!this.asking) return;
    this.asking = false;
    this.listen(silence);
  }

  /** Asks at once, because something happened that often breaks connections. */
  probe(): void {
    if (this.asking) return;
    this.asking = true;
    this.listen(patience);
    this.ping();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private listen(time: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.wake(), time);
  }

  private wake(): void {
    if (this.asking) {
      this.dead();
      return;
    }
    const left = this.heardAt + silence - Date.now();
    // `left` above the whole silence: the clock was set back.
    if (left > 0) this.listen(Math.min(left, silence));
    else this.probe();
  }
}
