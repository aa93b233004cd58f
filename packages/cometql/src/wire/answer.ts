/** What the server says to a command: outcomes and faults as packets. */
import type { Caller } from '../caller.ts';
import { type Column, type Outcome, type Row, type Rows, SqlFault } from '../outcome.ts';
import { capability, status, type, utf8mb4 } from './constants.ts';
import { answerTooLarge } from './faults.ts';
import { AnswerTooLarge, PacketWriter } from './packet-writer.ts';

/** How a client wants to be answered. */
export interface Style {
  readonly capabilities: number;
  /** Absent before the login. */
  readonly caller?: Pick<Caller, 'state'>;
  /** Rows of a prepared statement. */
  readonly binary?: boolean;
  /** Another answer to the same command follows. */
  readonly more?: boolean;
}

const utf8Bytes = 4;
/** Bytes up to which a text column is a VARCHAR for clients, as in MySQL; a longer one is a TEXT. */
const longestVarchar = 65_535;

function statusOf({ caller, more }: Style): number {
  const { autocommit = true, inTransaction = false } = caller?.state ?? {};
  const transaction =
    (inTransaction ? status.inTransaction : 0) | (autocommit ? status.autocommit : 0);
  return transaction | (more ? status.moreResults : 0);
}

const deprecatesEof = ({ capabilities }: Style): boolean =>
  (capabilities & capability.deprecateEof) !== 0;

function writeOk(writer: PacketWriter, affected: number, insertId: number, style: Style): void {
  writer.begin().uint(0x00, 1).length(affected).length(insertId);
  writer.uint(statusOf(style), 2).uint(0, 2).end();
}

function writeFault(writer: PacketWriter, { errno, sqlState, message }: SqlFault): void {
  writer.begin().uint(0xff, 1).uint(errno, 2).text(`#${sqlState}${message}`).end();
}

/** After the last row, or the last column of a list: an OK packet in the place of an EOF when the client asked for that. */
export function writeEnd(writer: PacketWriter, style: Style): void {
  writer.begin().uint(0xfe, 1);
  if (deprecatesEof(style)) writer.length(0).length(0).uint(statusOf(style), 2).uint(0, 2);
  else writer.uint(0, 2).uint(statusOf(style), 2);
  writer.end();
}

/** @param withDefault as COM_FIELD_LIST wants it, with the default value: there is none. */
function writeColumn(writer: PacketWriter, column: Column, withDefault = false): void {
  const { schema, table, name, primary, origin = column } = column;
  const bytes = Math.min(column.length * utf8Bytes, 0xffffffff);
  writer.begin().counted('def').counted(schema).counted(table).counted(origin.table);
  writer.counted(name).counted(origin.name).uint(0x0c, 1).uint(utf8mb4, 2).uint(bytes, 4);
  writer.uint(bytes > longestVarchar ? type.blob : type.varString, 1);
  // Primary key, and with it not null.
  writer
    .uint(primary ? 3 : 0, 2)
    .uint(0, 1)
    .uint(0, 2);
  if (withDefault) writer.uint(0xfb, 1);
  writer.end();
}

/** Definitions and what ends them, which a client that deprecates EOF does not want. */
function writeColumns(writer: PacketWriter, columns: readonly Column[], style: Style): void {
  for (const column of columns) writeColumn(writer, column);
  if (!deprecatesEof(style)) writeEnd(writer, style);
}

function writeTextRow(writer: PacketWriter, row: Row): void {
  writer.begin();
  for (const value of row) {
    if (value === null) writer.uint(0xfb, 1);
    else writer.counted(value);
  }
  writer.end();
}

function writeBinaryRow(writer: PacketWriter, row: Row): void {
  // The bitmap of NULLs begins with two bits that are not used.
  const nulls = Buffer.alloc((row.length + 9) >> 3);
  for (const [i, value] of row.entries())
    if (value === null) nulls[(i + 2) >> 3] = (nulls[(i + 2) >> 3] ?? 0) | (1 << ((i + 2) & 7));
  writer.begin().uint(0x00, 1).raw(nulls);
  for (const value of row) if (value !== null) writer.counted(value);
  writer.end();
}

function writeRows(writer: PacketWriter, { columns, rows }: Rows, style: Style): void {
  writer.begin().length(columns.length).end();
  writeColumns(writer, columns, style);
  const write = style.binary ? writeBinaryRow : writeTextRow;
  for (const row of rows) write(writer, row);
  writeEnd(writer, style);
}

/** The packets of one outcome, numbered from `sequence`. */
export function answer(sequence: number, outcome: Outcome, style: Style): Buffer {
  const writer = new PacketWriter(sequence);
  try {
    if (outcome instanceof SqlFault) writeFault(writer, outcome);
    else if (outcome.kind === 'rows') writeRows(writer, outcome, style);
    else writeOk(writer, outcome.affectedRows, outcome.insertId, style);
    return writer.take();
  } catch (error) {
    if (error instanceof AnswerTooLarge) return answer(sequence, answerTooLarge, style);
    throw error;
  }
}

/** The number of the last packet in an answer: the next answer to the same command goes on from there. */
export function lastSequence(bytes: Buffer): number {
  let at = 0;
  for (;;) {
    const next = at + 4 + bytes.readUIntLE(at, 3);
    if (next >= bytes.length) return bytes[at + 3] ?? 0;
    at = next;
  }
}

/** The answer to COM_FIELD_LIST. */
export function fieldList(sequence: number, columns: readonly Column[], style: Style): Buffer {
  const writer = new PacketWriter(sequence);
  for (const column of columns) writeColumn(writer, column, true);
  writeEnd(writer, style);
  return writer.take();
}

/** The answer to COM_SET_OPTION. */
export function end(sequence: number, style: Style): Buffer {
  const writer = new PacketWriter(sequence);
  writeEnd(writer, style);
  return writer.take();
}

const parameter: Column = { name: '?', table: '', schema: '', primary: false, length: 0 };

export interface PreparedHead {
  readonly id: number;
  readonly parameters: number;
  readonly columns: readonly Column[];
}

/** The answer to COM_STMT_PREPARE. */
export function prepared(sequence: number, head: PreparedHead, style: Style): Buffer {
  const { id, parameters, columns } = head;
  const writer = new PacketWriter(sequence);
  writer.begin().uint(0x00, 1).uint(id, 4).uint(columns.length, 2).uint(parameters, 2);
  writer.uint(0, 1).uint(0, 2).end();
  if (parameters > 0) writeColumns(writer, new Array<Column>(parameters).fill(parameter), style);
  if (columns.length > 0) writeColumns(writer, columns, style);
  return writer.take();
}

/** One packet of bytes as they are. */
export function plain(sequence: number, bytes: Uint8Array): Buffer {
  const writer = new PacketWriter(sequence);
  writer.begin().raw(bytes).end();
  return writer.take();
}
