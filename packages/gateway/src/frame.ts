/**
 * Server-to-client WebSocket frames (RFC 6455, section 5.2: unmasked, unfragmented, no extensions), built by hand so that
 * everything ready for a socket in one tick, ping included, is one buffer and one write.
 */
import type { Writable } from 'node:stream';

const TEXT = 0x81;
const PING = 0x89;

function head(buffer: Buffer, at: number, opcode: number, length: number): number {
  buffer[at] = opcode;
  if (length < 126) {
    buffer[at + 1] = length;
    return at + 2;
  }
  if (length < 65_536) {
    buffer[at + 1] = 126;
    buffer.writeUInt16BE(length, at + 2);
    return at + 4;
  }
  buffer[at + 1] = 127;
  buffer.writeUInt32BE(0, at + 2);
  buffer.writeUInt32BE(length, at + 6);
  return at + 10;
}

const headSize = (length: number): number => (length < 126 ? 2 : length < 65_536 ? 4 : 10);

/** One text frame per text, then a ping with `ping` as its payload (ASCII, under 126 bytes) unless it is ''. */
export function frames(texts: readonly string[], ping: string): Buffer {
  let size = ping === '' ? 0 : 2 + ping.length;
  const lengths: number[] = [];
  for (const text of texts) {
    const length = Buffer.byteLength(text);
    lengths.push(length);
    size += headSize(length) + length;
  }
  const buffer = Buffer.allocUnsafe(size);
  let at = 0;
  for (let i = 0; i < texts.length; i++) {
    const length = lengths[i] as number;
    at = head(buffer, at, TEXT, length);
    at += buffer.write(texts[i] as string, at, length, 'utf8');
  }
  if (ping !== '') {
    at = head(buffer, at, PING, ping.length);
    buffer.write(ping, at, 'latin1');
  }
  return buffer;
}

/** Bytes up to which Node writes a string without memory of its own for it. */
const STRING = 16_384;

/** The same as a string of one byte a character; undefined when it is long or not all ASCII. */
function asciiFrames(texts: readonly string[], ping: string): string | undefined {
  let all = '';
  for (const text of texts) {
    const { length } = text;
    if (length > STRING || Buffer.byteLength(text) !== length) return undefined;
    all +=
      length < 126
        ? String.fromCharCode(TEXT, length)
        : String.fromCharCode(TEXT, 126, length >> 8, length & 255);
    all += text;
  }
  if (all.length > STRING) return undefined;
  return ping === '' ? all : all + String.fromCharCode(PING, ping.length) + ping;
}

/** Writes `frames`. A short string costs a sixth less than the buffer that would be made of it. */
export function writeFrames(socket: Writable, texts: readonly string[], ping: string): void {
  const ascii = asciiFrames(texts, ping);
  if (ascii === undefined) socket.write(frames(texts, ping));
  else socket.write(ascii, 'latin1');
}
