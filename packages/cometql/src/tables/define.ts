/** What all tables have in common; what makes one of them stands in its own file. */
import type { Caller } from '../caller.ts';
import { tooLong } from '../faults.ts';
import { isSqlFault, type Ok, ok, type Row, type SqlFault } from '../outcome.ts';
import { carryOut } from './carry-out.ts';

export interface TableColumn {
  readonly name: string;
  /** Characters a value may have. */
  readonly length: number;
}

/** A row of an INSERT by column: text, or nothing where there was no value or NULL. */
export type Fields = Readonly<Record<string, string | undefined>>;

interface Definition<Key, Item> {
  readonly name: string;
  /** The first is the primary key unless `primary` says otherwise. */
  readonly columns: readonly TableColumn[];
  readonly primary?: string;
  /** Whether a key has rows of its own making, not one at most. */
  readonly many?: true;
  key(text: string): Key | SqlFault;
  /** Absent: the table is read only. */
  readonly insert?: {
    row(fields: Fields, caller: Caller): Item | SqlFault;
    /** About how many characters it takes, where that may be many. */
    size?(item: Item): number;
    /** Of rows that are all in order. */
    store(caller: Caller, item: Item): Promise<unknown>;
    /** The key that the client is told of. */
    id(item: Item): number;
    /** Whether a stored row counts as an affected one: a message that was sent does not. */
    readonly counts: boolean;
  };
  read(caller: Caller, key: Key): Promise<readonly Row[]>;
  /** Absent: WHERE is needed. */
  readonly readAll?: (caller: Caller) => Promise<readonly Row[]>;
  /** Absent: the table is read only. Gives how many rows went. */
  readonly remove?: (caller: Caller, key: Key) => Promise<number>;
}

export interface Table {
  readonly name: string;
  readonly columns: readonly TableColumn[];
  readonly primary: string;
  readonly many: boolean;
  readonly readOnly: boolean;
  /** Whether all rows can be read, without WHERE. */
  readonly whole: boolean;
  insert(caller: Caller, rows: readonly Fields[]): Promise<Ok | SqlFault>;
  /** The rows of some keys, or of all; `enough` are all that the caller needs. */
  select(
    caller: Caller,
    keys: readonly string[] | undefined,
    enough: number,
  ): Promise<readonly Row[] | SqlFault>;
  remove(caller: Caller, keys: readonly string[]): Promise<Ok | SqlFault>;
}

/** Names of columns are taken in whatever capitals. */
export const hasColumn = (table: Table, name: string): boolean =>
  table.columns.some((column) => column.name === name.toLowerCase());

/** Keys whose rows are read at once. */
const share = 256;
/** Characters of an answer: beyond that, what is asked for must be cut into several statements. */
const largestAnswer = 64 * 1_048_576;

export function defineTable<Key, Item>(definition: Definition<Key, Item>): Table {
  const { name, columns, insert, remove } = definition;
  return {
    name,
    columns,
    primary: definition.primary ?? columns[0]?.name ?? '',
    many: definition.many === true,
    readOnly: insert === undefined,
    whole: definition.readAll !== undefined,

    async insert(caller, rows) {
      if (insert === undefined) return ok();
      const items: Item[] = [];
      for (const fields of rows) {
        const item = insert.row(fields, caller);
        if (isSqlFault(item)) return item;
        items.push(item);
      }
      const stored = await carryOut(
        caller,
        items,
        (item) => insert.store(caller, item),
        insert.size,
      );
      if (isSqlFault(stored)) return stored;
      const last = items.at(-1);
      return ok(insert.counts ? items.length : 0, last === undefined ? 0 : insert.id(last));
    },

    async select(caller, texts, enough) {
      if (texts === undefined) return (await definition.readAll?.(caller)) ?? [];
      const keys = parseKeys(definition, texts);
      return isSqlFault(keys) ? keys : readKeys(definition, caller, keys, enough);
    },

    async remove(caller, texts) {
      if (remove === undefined) return ok();
      const keys = parseKeys(definition, texts);
      if (isSqlFault(keys)) return keys;
      const counts = await carryOut(caller, keys, (key) => remove(caller, key));
      if (isSqlFault(counts)) return counts;
      return ok(counts.reduce((sum, count) => sum + count, 0));
    },
  };
}

/** Each once, however it is written, in the order of their first mention. */
function parseKeys<Key>(
  { key }: Pick<Definition<Key, never>, 'key'>,
  texts: readonly string[],
): Key[] | SqlFault {
  const keys = new Set<Key>();
  for (const text of texts) {
    const parsed = key(text);
    if (isSqlFault(parsed)) return parsed;
    keys.add(parsed);
  }
  return [...keys];
}

async function readKeys<Key>(
  { read, many }: Pick<Definition<Key, never>, 'read' | 'many'>,
  caller: Caller,
  keys: readonly Key[],
  enough: number,
): Promise<Row[] | SqlFault> {
  const rows: Row[] = [];
  let size = 0;
  const step = many ? Math.ceil(share / 16) : share;
  for (let i = 0; i < keys.length && rows.length < enough; i += step) {
    if (size > largestAnswer) return tooLong('the answer is too long: ask for less at once');
    for (const some of await Promise.all(keys.slice(i, i + step).map((key) => read(caller, key))))
      for (const row of some) {
        rows.push(row);
        for (const value of row) size += value?.length ?? 0;
      }
  }
  return rows;
}
