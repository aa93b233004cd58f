import { v1 } from '@encke/protocol';

/** The address of the socket for a gateway's address. Throws a TypeError that names the rule. */
export function endpoint(address: string): string {
  let url: URL | undefined;
  try {
    url = new URL(address, globalThis.location?.href);
  } catch {
    // Refused below.
  }
  // A page would take a bare host for a path beside its own.
  if (!url || !/^\/|:\/\//.test(address) || !/^(http|ws)s?:$/.test(url.protocol))
    throw new TypeError('`url` must start with https://, http://, wss:// or ws://');
  url.protocol = url.protocol.replace('http', 'ws');
  url.hash = '';
  if (!url.pathname.endsWith(v1.path)) url.pathname = url.pathname.replace(/\/*$/, v1.path);
  return url.href;
}

/** The gateways of one installation, which are equals: begin anywhere, try another one each time. */
export class Endpoints {
  readonly all: readonly string[];
  private index: number;

  /** Throws a TypeError that names the rule. */
  constructor(url: string | readonly string[] = '/') {
    this.all = [url].flat().map(endpoint);
    if (!this.all.length) throw new TypeError('`url` must name at least one gateway');
    this.index = Math.floor(Math.random() * this.all.length);
  }

  next(): string {
    const url = this.all[this.index % this.all.length] as string;
    this.index += 1;
    return url;
  }
}
