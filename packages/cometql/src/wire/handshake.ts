/** The first packets of a connection, before anybody is logged in. */
import { serverVersion } from '../version.ts';
import { capability, status, utf8mb4 } from './constants.ts';
import { Fields, Malformed } from './fields.ts';
import { PacketWriter } from './packet-writer.ts';

/** Everything that we understand or that has no meaning here. Not: compression, LOAD DATA LOCAL, session tracking. */
const offered = Object.values(capability).reduce((all, bit) => all + bit, 0) - capability.tls;

export const offers = (tls: boolean): number => offered + (tls ? capability.tls : 0);

const nativePlugin = 'mysql_native_password';

/** @param scramble 20 bytes without a zero. */
export function greeting(connection: number, scramble: Buffer, tls: boolean): Buffer {
  const flags = offers(tls);
  const writer = new PacketWriter(0);
  writer.begin().uint(10, 1).text(`${serverVersion}\0`).uint(connection, 4);
  writer
    .raw(scramble.subarray(0, 8))
    .uint(0, 1)
    .uint(flags & 0xffff, 2);
  writer
    .uint(utf8mb4, 1)
    .uint(status.autocommit, 2)
    .uint(Math.floor(flags / 65_536), 2);
  writer.uint(scramble.length + 1, 1).raw(Buffer.alloc(10));
  // Every client since MySQL 4.1 knows this plugin; who prefers another one says so in its answer.
  writer.raw(scramble.subarray(8)).uint(0, 1).text(`${nativePlugin}\0`).end();
  return writer.take();
}

/** What a client says of itself, when it connects or changes its user. */
export interface Introduction {
  readonly capabilities: number;
  readonly collation: number;
  readonly user: string;
  readonly plugin: string;
  /** What the plugin made of the password. */
  readonly proof: Buffer;
  /** Empty: none. */
  readonly database: string;
}

const asked = (capabilities: number, bit: number): boolean => (capabilities & bit) !== 0;

/** Whether the client wants TLS before it says who it is. */
export const asksForTls = (payload: Buffer): boolean =>
  payload.length === 32 && asked(payload.readUInt32LE(0), capability.tls);

/** It is not offered, but some clients do not look: all that they send after the login would be compressed. */
const compression = 32;

export const asksForCompression = (payload: Buffer): boolean =>
  asked(payload.readUInt32LE(0), compression);

/** @throws Malformed also for clients from before MySQL 4.1. */
export function readIntroduction(payload: Buffer): Introduction {
  const fields = new Fields(payload);
  const capabilities = fields.uint(4) & offers(true);
  if (!asked(capabilities, capability.protocol41)) throw new Malformed();
  fields.uint(4);
  const collation = fields.uint(1);
  fields.bytes(23);
  const user = fields.terminated().toString();
  const proof = asked(capabilities, capability.pluginAuthLength)
    ? fields.counted()
    : asked(capabilities, capability.secureConnection)
      ? fields.bytes(fields.uint(1))
      : fields.terminated();
  const database = asked(capabilities, capability.connectWithDatabase)
    ? fields.terminated().toString()
    : '';
  const plugin = asked(capabilities, capability.pluginAuth)
    ? fields.terminated().toString('latin1')
    : nativePlugin;
  return { capabilities, collation, user, plugin, proof, database };
}

/** COM_CHANGE_USER, without its first byte. @throws Malformed */
export function readChangeUser(payload: Buffer, before: Introduction): Introduction {
  const fields = new Fields(payload);
  const user = fields.terminated().toString();
  const proof = fields.bytes(fields.uint(1));
  const database = fields.terminated().toString();
  const collation = fields.left >= 2 ? fields.uint(2) : before.collation;
  const named = asked(before.capabilities, capability.pluginAuth) && fields.left > 0;
  const plugin = named ? fields.terminated().toString('latin1') : nativePlugin;
  return { capabilities: before.capabilities, collation, user, plugin, proof, database };
}
