/**
 * Server-to-client WebSocket frames (RFC 6455, section 5.2: unmasked, unfragmented, no extensions), built by hand so that
 * everything ready for a socket in one tick, ping included, is one buffer and one write.
 */
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
