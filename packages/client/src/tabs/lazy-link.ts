import type { Position } from '@encke/protocol';
import { type Link, type LinkHooks, OwnLink } from '../link.ts';
import type { ClientOptions } from '../options.ts';
import type { SharedLink as Shared } from './shared-link.ts';
import type { Up } from './words.ts';

/**
 * Rejects also outside of a page, and where nothing can lie beside the script: it is inlined, or at a `blob:` address. An image
 * that is called `currentScript` hides the script: strangers, who may put images into many a page, are not to name our code.
 */
const load = async (): Promise<{ SharedLink: typeof Shared }> => {
  const { localName, src } = document.currentScript as HTMLScriptElement;
  return import(new URL('client-tabs.mjs', (localName === 'script' && src) as string).href);
};
// Asked for as soon as the script runs, so that it is there when the page connects.
const loading = load();
loading.catch(() => {});

/**
 * Stands for `SharedLink` in the script build, which is kept small: what tabs need to share a socket is a file of its own
 * beside the script. A page that cannot load it has a socket of its own.
 */
export class SharedLink implements Link {
  readonly tab: string;
  private readonly opening: Promise<Link>;
  private link: Link | undefined;
  private closed = false;

  constructor(tab: string, name: string, options: ClientOptions, hooks: LinkHooks) {
    this.tab = tab;
    this.opening = loading.then(
      (tabs) => new tabs.SharedLink(tab, name, options, hooks),
      () => new OwnLink(tab, hooks),
    );
  }

  get holds(): boolean {
    return !!this.link?.holds;
  }

  async start(): Promise<void> {
    const link = await this.opening;
    if (this.closed) return;
    this.link = link;
    link.start();
  }

  post(up: Up): void {
    this.link?.post(up);
  }

  seen(position: Position): void {
    this.link?.seen(position);
  }

  close(told?: boolean): void {
    this.closed = true;
    this.link?.close(told);
  }
}
