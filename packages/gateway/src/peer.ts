/** Who is at the other end of a socket, as application servers may ask for subscribers. */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { Opening } from './opening.ts';

export interface Peer {
  readonly agent: string;
  readonly origin: string;
  readonly language: string;
}

/** Characters of each header that are kept. */
const LENGTH = 256;
/** Different peers that are kept once for all their sockets; a page's visitors share few. */
const KNOWN = 4_096;

const header = (value: string | undefined): string => (value ?? '').slice(0, LENGTH);

/** Sockets of equal browsers share one object. */
export class Peers {
  #known = new Map<string, Peer>();

  of(headers: IncomingHttpHeaders): Peer {
    const agent = header(headers['user-agent']);
    const origin = header(headers.origin);
    const language = header(headers['accept-language']);
    const name = `${agent}\n${origin}\n${language}`;
    const known = this.#known.get(name);
    if (known) return known;
    if (this.#known.size >= KNOWN) this.#known = new Map();
    const peer = { agent, origin, language };
    this.#known.set(name, peer);
    return peer;
  }
}

const plain = (address: string): string =>
  address.startsWith('::ffff:') ? address.slice(7) : address;

/** The address of a socket that comes to us directly. */
export const directAddress = (socket: Socket): string => plain(socket.remoteAddress ?? '');

/**
 * The client's address as `hops` proxies of ours have passed it on, each adding the one it saw at the end of
 * `X-Forwarded-For`; what stands before that anybody can have written. '' without proxies, or when it is no address: then
 * the socket's own counts.
 */
export function forwardedAddress({ headers }: Opening, hops: number): string {
  if (hops === 0) return '';
  const value = headers['x-forwarded-for'];
  const list = (Array.isArray(value) ? value.join(',') : (value ?? '')).split(',');
  const address = plain((list[Math.max(0, list.length - hops)] ?? '').trim());
  return isIP(address) === 0 ? '' : address;
}
