import type { Position } from './events.ts';
import type { SafeStorage } from './storage.ts';

function parse(text: string | undefined): Position | undefined {
  const [, epoch, digits] = /^([a-z0-9]{1,32}):(\d{1,16})$/.exec(text ?? '') ?? [];
  const seq = Number(digits);
  // Anything else would be refused by the server for ever: better to start without a position.
  return epoch !== undefined && Number.isSafeInteger(seq) ? { epoch, seq } : undefined;
}

/** A frame that may say where something is. */
export interface Placed {
  readonly epoch?: string | undefined;
  readonly seq?: number | undefined;
}

export const positionOf = ({ epoch, seq }: Placed): Position | undefined =>
  epoch === undefined || seq === undefined ? undefined : { epoch, seq };

/** Another epoch is always something new. */
export const isAfter = (a: Position, b: Position | undefined): boolean =>
  a.epoch !== b?.epoch || a.seq > b.seq;

/** Where this tab is in the user's inbox. It decides what is new, and survives a reload of the page. */
export class Place {
  private readonly storage: SafeStorage;
  private readonly key: string;
  position: Position | undefined;

  constructor(storage: SafeStorage, app: number, user: number) {
    this.storage = storage;
    this.key = `encke:${app}:${user}:position`;
    this.position = parse(storage.get(this.key));
  }

  /** The server serves from here. A position further on in the same epoch stays: what lies between was seen. */
  start(position: Position): void {
    if (!isAfter(position, this.position)) return;
    this.position = position;
    this.save();
  }

  /** Whether `seq` is new; then it counts as seen from now on, and `save` keeps it. */
  take(seq: number): boolean {
    if (!this.position || seq <= this.position.seq) return false;
    this.position = { ...this.position, seq };
    return true;
  }

  save(): void {
    if (this.position) this.storage.set(this.key, `${this.position.epoch}:${this.position.seq}`);
  }
}
