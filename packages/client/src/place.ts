import type { Position } from './events.ts';
import type { SafeStorage } from './storage.ts';

function parse(text: string | undefined): Position | undefined {
  const [, epoch, digits] = /^([a-z0-9]{1,32}):(\d{1,16})$/.exec(text ?? '') ?? [];
  const seq = Number(digits);
  // Anything else would be refused by the server for ever: better to start without a position.
  return epoch !== undefined && Number.isSafeInteger(seq) ? { epoch, seq } : undefined;
}

/** Where this tab is in the user's inbox. It decides what is new, and survives a reload of the page. */
export class Place {
  private readonly storage: SafeStorage;
  private readonly key: string;
  private current: Position | undefined;

  constructor(storage: SafeStorage, app: number, user: number) {
    this.storage = storage;
    this.key = `encke:${app}:${user}:position`;
    this.current = parse(storage.get(this.key));
  }

  get position(): Position | undefined {
    return this.current;
  }

  /** The server serves from here. A position further on in the same epoch stays: what lies between was seen. */
  start(epoch: string, seq: number): void {
    if (this.current?.epoch === epoch && this.current.seq >= seq) return;
    this.current = { epoch, seq };
    this.save();
  }

  /** Whether `seq` is new; then it counts as seen from now on, and `save` keeps it. */
  take(seq: number): boolean {
    if (!this.current || seq <= this.current.seq) return false;
    this.current = { epoch: this.current.epoch, seq };
    return true;
  }

  save(): void {
    if (this.current) this.storage.set(this.key, `${this.current.epoch}:${this.current.seq}`);
  }
}
