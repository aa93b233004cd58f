import type { Hello, Message, Missed, Position, Ready, ServerFrame } from '@encke/protocol';
import type { Key } from '../credentials.ts';
import { positionOf } from '../place.ts';
import type { Uplink, UplinkHooks } from '../uplink.ts';
import { KeySearch } from './key-search.ts';
import { Subscriptions } from './subscriptions.ts';
import type { Down, Join, Up } from './words.ts';

/** Messages kept for a tab that was away for a moment; for one that was away longer they are fetched anew. */
const kept = 100;
/** Milliseconds a new holder waits for the positions of tabs that live. */
const patience = 500;
/** Beats that a tab may leave unanswered. Then it is frozen, and receipts wait for it no longer. */
const silentBeats = 5;

interface Member {
  position: Position | undefined;
  silent: number;
}

export interface HubHooks {
  connect(hooks: UplinkHooks): Uplink;
  hello(key: Key, resume: Position | undefined): Hello;
  /** To one tab, or to all. */
  send(down: Down, to?: string): void;
}

/**
 * The socket, and the tabs that share it. Each tab drops what it has seen, so the hub may send too much but never too
 * little: it resumes from the lowest position and confirms what all of its tabs have handled.
 */
export class Hub {
  private readonly hooks: HubHooks;
  private readonly tabs = new Map<string, Member>();
  private readonly uplink: Uplink;
  private readonly subscriptions: Subscriptions;
  private readonly keys = new KeySearch(() => this.hooks.send({ type: 'key-wanted' }));
  /** Tabs that are to join before the first attempt. */
  private expected = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private online: Ready | undefined;
  /** Everything up to here went to all tabs. */
  private position: Position | undefined;
  /** What went to them since `recentFrom`, without a gap. */
  private recent: Message[] = [];
  private recentFrom = 0;
  private acked = 0;

  constructor(user: number | undefined, hooks: HubHooks) {
    this.hooks = hooks;
    this.uplink = hooks.connect({
      state: (state) => {
        this.online = undefined;
        this.subscriptions.pause();
        hooks.send({ type: 'state', state });
      },
      hello: (key) => hooks.hello(key, this.position),
      otherKey: (refused) => this.keys.find(refused, this.tabs.size - 1),
      frame: (frame) => this.frame(frame),
      ready: (frame, hello) => this.ready(frame, hello),
    });
    this.subscriptions = new Subscriptions({
      up: (frame) => this.uplink.send(frame),
      send: hooks.send,
      user: () => (this.online?.authorized && user) || 0,
    });
  }

  /** Connects when these tabs have said where they are, or soon after. */
  start(expected: readonly string[]): void {
    this.expected = new Set(expected.filter((tab) => !this.tabs.has(tab)));
    if (this.expected.size === 0) this.uplink.start();
    else this.timer = setTimeout(() => this.connect(), patience);
  }

  stop(): void {
    clearTimeout(this.timer);
    // Whoever leaves from now on is not to make it connect.
    this.expected.clear();
    this.uplink.close();
  }

  get shared(): boolean {
    return this.tabs.size > 1;
  }

  flush(): void {
    this.uplink.flush();
  }

  receive(tab: string, up: Up): void {
    const member = this.tabs.get(tab);
    if (member) member.silent = 0;
    switch (up.type) {
      case 'join':
        this.join(tab, up);
        break;
      case 'seen':
        if (member) member.position = up.position;
        this.confirm();
        break;
      case 'want':
        // Who has not joined yet will say it then; an answer now would make it hear what is not complete for it.
        if (member) this.subscriptions.want(tab, up.channel, up.position);
        break;
      case 'unwant':
        this.subscriptions.unwant(tab, up.channel);
        break;
      case 'ask':
        if (this.online) this.subscriptions.ask(up.frame);
        break;
      case 'ping':
        this.beat(tab);
        break;
      case 'wake':
        this.uplink.wake();
        break;
      case 'key':
        this.keys.answer(tab, up.key);
        break;
    }
  }

  /** Every few seconds: who does not answer for long is left behind. */
  count(): void {
    for (const [tab, member] of this.tabs) {
      member.silent += 1;
      if (member.silent > silentBeats) this.leave(tab);
    }
    this.beat();
  }

  /** The tab is closed, crashed or frozen. In the last case it will find itself missing in a beat, and join again. */
  leave(tab: string): void {
    this.tabs.delete(tab);
    this.subscriptions.leave(tab);
    this.confirm();
    this.arrived(tab);
  }

  private beat(to?: string): void {
    this.hooks.send({ type: 'beat', tabs: [...this.tabs.keys()] }, to);
  }

  private join(tab: string, { position, channels }: Join): void {
    const member = { position, silent: 0 };
    this.tabs.set(tab, member);
    const { online } = this;
    if (online) this.admit(tab, member, online);
    else {
      if (!this.position || this.behind(position)) this.position = position;
      this.hooks.send({ type: 'state', state: this.uplink.state }, tab);
    }
    for (const [channel, at] of channels) this.subscriptions.want(tab, channel, at);
    // It may know a key that is good.
    if (online?.authorized === false) this.uplink.renew();
    this.arrived(tab);
  }

  private arrived(tab: string): void {
    if (this.expected.delete(tab) && this.expected.size === 0) this.connect();
  }

  private connect(): void {
    clearTimeout(this.timer);
    this.expected.clear();
    this.uplink.start();
  }

  /** The position of a tab that has not seen all that went to the others. */
  private behind(position: Position | undefined): Position | undefined {
    const now = this.position;
    return now && position?.epoch === now.epoch && position.seq < now.seq ? position : undefined;
  }

  private ready(frame: Ready, { resume }: Hello): void {
    const { authorized, resumed } = frame;
    this.online = frame;
    const position = authorized && positionOf(frame);
    if (position) {
      this.startAt(position);
      // The last receipt may have been lost with the socket that it was sent on.
      if (resume && resumed) this.acked = -1;
    }
    if (resume && !resumed) this.hooks.send({ type: 'frame', frame });
    else for (const [tab, member] of this.tabs) if (this.online) this.admit(tab, member, frame);
    if (this.online) this.subscriptions.resume();
  }

  private startAt(position: Position): void {
    this.position = position;
    this.recent = [];
    this.recentFrom = position.seq;
    this.acked = position.seq;
  }

  /** Tells a tab from where it is served, and gives it what it lacks. */
  private admit(tab: string, { position }: Member, frame: Ready): void {
    const now = this.position;
    const behind = this.behind(position);
    const tell = (told: ServerFrame) => this.hooks.send({ type: 'frame', frame: told }, tab);
    if (!frame.authorized || !now) tell(frame);
    else if (!behind) tell({ ...frame, ...now, resumed: position?.epoch === now.epoch });
    else if (behind.seq >= this.recentFrom) {
      tell({ ...frame, ...behind, resumed: true });
      for (const message of this.recent) if (message.seq > behind.seq) tell(message);
    } else {
      this.position = behind;
      this.uplink.start();
    }
  }

  private frame(frame: ServerFrame): void {
    if (frame.type === 'message') this.message(frame);
    else if (frame.type === 'missed') this.missed(frame);
    else this.subscriptions.frame(frame);
  }

  private message(frame: Message): void {
    const { position, recent } = this;
    if (!position) return;
    if (frame.seq <= position.seq) {
      // A copy, because the server has no receipt of it.
      this.acked = -1;
      this.confirm();
      return;
    }
    this.position = { epoch: position.epoch, seq: frame.seq };
    recent.push(frame);
    if (recent.length > kept) this.recentFrom = recent.shift()?.seq ?? 0;
    this.hooks.send({ type: 'frame', frame });
  }

  private missed(frame: Missed): void {
    this.startAt({ epoch: frame.epoch, seq: frame.seq });
    this.hooks.send({ type: 'frame', frame });
  }

  private confirm(): void {
    const now = this.position;
    if (!this.online || !now) return;
    let least = now.seq;
    for (const { position } of this.tabs.values()) {
      // One that has not come to this epoch yet.
      if (position?.epoch !== now.epoch) return;
      least = Math.min(least, position.seq);
    }
    if (least <= this.acked) return;
    this.acked = least;
    this.uplink.ack(least);
  }
}
