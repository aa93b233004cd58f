/**
 * The opening handshake of a WebSocket (RFC 6455, section 4.1), read from the first bytes of a connection. Only in the form
 * in which browsers and libraries write it; whatever differs in the least is left to the HTTP server, which knows it all.
 */
import type { IncomingMessage } from 'node:http';

export type Opening = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;

/** Bytes: as many as Node's HTTP server takes. */
const LIMIT = 16_384;
const END = Buffer.from('\r\n\r\n');
const METHOD = 'GET ';
const VERSION = ' HTTP/1.1';

/**
 * A request line and header fields (RFC 9112, sections 3 and 5): a path in visible characters; names that are tokens;
 * values of visible characters with blanks between them, behind one blank or none.
 */
const plain =
  /^GET \/[!-~]* HTTP\/1\.1(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?(?:[!-~\x80-\xff]+(?:[\t ]+[!-~\x80-\xff]+)*)?)+$/;
const asksToUpgrade = /(?:^|,)[\t ]*upgrade[\t ]*(?:,|$)/i;
/** With one of these more is asked for than a handshake. */
const others = ['content-length', 'transfer-encoding', 'expect'];

/** @returns undefined: not a handshake, not whole, with something behind it, or in another form. */
export function readOpening(bytes: Buffer): Opening | undefined {
  const size = bytes.length - END.length;
  if (size > LIMIT || bytes.indexOf(END) !== size) return undefined;
  const text = bytes.toString('latin1', 0, size);
  if (!plain.test(text)) return undefined;
  let end = text.indexOf('\r\n');
  // What may be kept is copied from the bytes: a part of a string keeps the whole of it in memory, with all its cookies.
  const url = bytes.toString('latin1', METHOD.length, end - VERSION.length);
  const headers: Record<string, string> = Object.create(null);
  while (end >= 0) {
    const start = end + 2;
    end = text.indexOf('\r\n', start);
    const colon = text.indexOf(':', start);
    const name = text.slice(start, colon).toLowerCase();
    // Which of two counts depends on the field.
    if (name in headers) return undefined;
    const value = text.startsWith(' ', colon + 1) ? colon + 2 : colon + 1;
    headers[name] = bytes.toString('latin1', value, end < 0 ? size : end);
  }
  const opens =
    headers.host !== undefined &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    asksToUpgrade.test(headers.connection ?? '') &&
    !others.some((name) => name in headers);
  return opens ? { method: 'GET', url, headers } : undefined;
}
