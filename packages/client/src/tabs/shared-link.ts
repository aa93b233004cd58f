import type { Position } from '@encke/protocol';
import { checkedKey } from '../credentials.ts';
import type { Link, LinkHooks } from '../link.ts';
import type { ClientOptions } from '../options.ts';
import { followPage } from '../page.ts';
import { Receipts } from '../receipts.ts';
import { frozen } from '../uplink.ts';
import { Election } from './election.ts';
import { Hub } from './hub.ts';
import type { Down, Letter, Up } from './words.ts';

/** Milliseconds between the holder's beats, and between two looks of the others whether one came. */
const every = 3_000;
/** Looks without a word from the holder before its lock is taken: counted, not timed, so that our own sleep is not held against it. */
const silentLooks = 3;
/** Milliseconds a holder that may not come back keeps the lock, so that the others hear that first. */
const linger = 1_000;

/** The way to the gateway of a tab that shares: over its own socket, or that of the tab which holds the one for all. */
export class SharedLink implements Link {
  readonly tab: string;
  private readonly name: string;
  private readonly options: ClientOptions;
  private readonly hooks: LinkHooks;
  private readonly receipts = new Receipts<Position>((position) =>
    this.post({ type: 'seen', position }),
  );
  private unfollow = (): void => {};
  private open = false;
  private hub: Hub | undefined;
  private bus: BroadcastChannel | undefined;
  private election: Election | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;
  /** The highest of a holder that was heard; who says a lower one was deposed. */
  private term = 0;
  /** Whether this tab's own lock is held: of one without it the holder thinks that it is dead. */
  private stands = false;
  /** Whether the holder has answered us: what it says to all before that is not complete for us. */
  private joined = false;
  private silent = 0;

  /** `name`: of those who share. */
  constructor(tab: string, name: string, options: ClientOptions, hooks: LinkHooks) {
    this.tab = tab;
    this.name = name;
    this.options = options;
    this.hooks = hooks;
  }

  get holds(): boolean {
    return this.hub !== undefined;
  }

  start(): void {
    this.unfollow = followPage({
      wake: () => this.post({ type: 'wake' }),
      flush: () => this.flush(),
      freeze: () => this.freeze(),
      thaw: () => this.begin(),
    });
    this.begin();
  }

  close(told = false): void {
    this.unfollow();
    this.end(told ? linger : 0);
  }

  post(up: Up): void {
    // As the socket will send it: a function or a proxy in the app's data does not pass between tabs.
    const plain: Up = up.type === 'ask' ? JSON.parse(JSON.stringify(up)) : up;
    if (this.hub) this.hub.receive(this.tab, plain);
    else this.bus?.postMessage({ from: this.tab, term: this.term, up: plain } satisfies Letter);
  }

  seen(position: Position): void {
    if (this.hub) this.post({ type: 'seen', position });
    else this.receipts.add(position);
  }

  private flush(): void {
    this.receipts.flush();
    this.hub?.flush();
  }

  private begin(): void {
    if (this.open) return;
    this.open = true;
    try {
      this.bus = new BroadcastChannel(this.name);
    } catch {
      // Firefox, where the user does not let the site store anything.
      void this.hold();
      return;
    }
    this.bus.onmessage = ({ data }) => this.receive(data);
    const election: Election = new Election(this.name, {
      // Not when we left, but have kept the lock for a moment.
      elected: () => this.election === election && void this.hold(),
      deposed: () => this.standDown(),
    });
    this.election = election;
    this.timer = setInterval(() => this.look(), every);
    election.stand(this.tab).then(
      () => {
        if (this.election !== election) return;
        this.stands = true;
        this.join();
      },
      () => {
        if (this.election !== election) return;
        this.leave();
        void this.hold();
      },
    );
  }

  private end(after = 0): void {
    this.open = false;
    this.flush();
    const { hub, election } = this;
    this.hub = undefined;
    this.leave();
    hub?.stop();
    if (after > 0) setTimeout(() => election?.stop(), after);
    else election?.stop();
  }

  private leave(): void {
    clearInterval(this.timer);
    this.bus?.close();
    this.bus = undefined;
    this.election = undefined;
    this.stands = false;
    this.joined = false;
  }

  private freeze(): void {
    this.end();
    this.hooks.hear({ type: 'state', state: frozen });
  }

  private async hold(): Promise<void> {
    const hub = new Hub(this.options.user, {
      hello: (key, resume) => this.hooks.hello(key, resume),
      connect: (hooks) => this.hooks.connect(hooks),
      send: (down, to) => this.tell(down, to),
    });
    this.hub = hub;
    this.joined = true;
    this.term = Math.max(this.term + 1, Date.now());
    hub.receive(this.tab, this.hooks.join());
    const { election } = this;
    if (!election) {
      hub.start([]);
      return;
    }
    this.tell({ type: 'beat', tabs: [] });
    const tabs = await election.tabs().catch(() => []);
    if (this.hub === hub) hub.start(tabs);
  }

  private standDown(): void {
    const { hub } = this;
    this.hub = undefined;
    this.lose();
    hub?.stop();
    this.join();
  }

  private lose(): void {
    if (this.joined) this.hooks.hear({ type: 'state', state: { name: 'connecting' } });
    this.joined = false;
  }

  private join(): void {
    if (this.stands && !this.hub) this.post(this.hooks.join());
  }

  /** From the hub of this tab. */
  private tell(down: Down, to?: string): void {
    const { bus, hub, tab, term } = this;
    if (!hub) return;
    if (to !== tab && (hub.shared || down.type === 'beat'))
      bus?.postMessage({ to, term, down } satisfies Letter);
    if (to === undefined || to === tab) this.hear(down);
  }

  private receive(letter: Letter): void {
    if ('up' in letter) {
      this.serve(letter);
      return;
    }
    const { to, term, down } = letter;
    if (this.hub || term < this.term || (to !== undefined && to !== this.tab)) return;
    this.silent = 0;
    const news = term > this.term;
    if (news) {
      this.term = term;
      this.lose();
    }
    if (to !== undefined) this.joined = true;
    if (this.joined) this.hear(down);
    else if (news || down.type === 'beat') this.join();
  }

  private serve({ from, term, up }: Extract<Letter, { up: Up }>): void {
    const { hub, election } = this;
    // Another holder has it: this one was deposed and does not know it yet, and a publish is not to be sent twice.
    if (!hub || (up.type === 'ask' && term !== this.term)) return;
    if (up.type === 'join') election?.watch(from, () => this.hub?.leave(from));
    hub.receive(from, up);
  }

  private hear(down: Down): void {
    if (down.type !== 'beat' && down.type !== 'key-wanted') this.hooks.hear(down);
    else if (this.hub) return;
    else if (down.type === 'key-wanted') void this.answerKey();
    else if (down.tabs.includes(this.tab)) this.post({ type: 'alive' });
    else {
      // Left behind while this tab was frozen.
      this.lose();
      this.join();
    }
  }

  private async answerKey(): Promise<void> {
    const { getKey, key } = this.options;
    // Whether it throws, rejects or gives what is no key: the holder waits for the answer.
    const known = await Promise.resolve()
      .then(() => (getKey ? getKey() : key))
      .then(checkedKey)
      .catch(() => undefined);
    this.post({ type: 'key', key: known });
  }

  /** Every few seconds. */
  private look(): void {
    if (this.hub) {
      // This tab is there, however long nothing has come.
      this.post({ type: 'alive' });
      this.hub.count();
      return;
    }
    this.silent += 1;
    if (this.silent > 1) this.post({ type: 'ping' });
    if (this.silent <= silentLooks) return;
    this.silent = 0;
    this.election?.steal();
  }
}
