/** SHOW for the database and its tables. */
import { noDatabase, noTable } from '../faults.ts';
import type { Show } from '../grammar/syntax-tree.ts';
import * as tree from '../information-schema/schema.ts';
import { isSqlFault, type Row, type SqlFault } from '../outcome.ts';
import { resolveTable } from '../select/resolve.ts';
import type { Table } from '../tables/define.ts';
import { isSchema, schema, tables } from '../tables/index.ts';
import type { Shown } from './show.ts';

/** The table of `FROM t [FROM schema]`. Whether there is one was asked for the columns. */
function tableOf({ table: name }: Show, database: string): Table | SqlFault {
  return name === undefined ? noTable('') : resolveTable(name, database);
}

/** A kind of SHOW about one table. */
function ofTable(
  columns: (show: Show) => readonly string[],
  rows: (table: Table, show: Show) => readonly Row[],
): Shown {
  return {
    columns(show, database) {
      const table = tableOf(show, database);
      return isSqlFault(table) ? table : columns(show);
    },
    rows(caller, show) {
      const table = tableOf(show, caller.database);
      return isSqlFault(table) ? [] : rows(table, show);
    },
  };
}

/** A kind of SHOW about all tables of a schema: only one has any. */
function ofSchema(
  names: (show: Show) => readonly string[],
  row: (table: Table, show: Show) => Row,
) {
  const place = ({ table }: Show, database: string) => table?.name ?? (database || schema);
  return {
    columns(show: Show, database: string) {
      const name = place(show, database);
      const known = tree.schemaNames.some((known) => known.toLowerCase() === name.toLowerCase());
      return known ? names(show) : noDatabase(name);
    },
    rows: (caller, show) =>
      isSchema(place(show, caller.database)) ? tables.map((table) => row(table, show)) : [],
  } satisfies Shown;
}

export const databases: Shown = {
  columns: () => ['Database'],
  rows: () => tree.schemaNames.map((name) => [name]),
};

const isFull = ({ modifiers }: Show): boolean => modifiers.has('FULL');

export const tableNames = ofSchema(
  (show) => [`Tables_in_${schema}`, ...(isFull(show) ? ['Table_type'] : [])],
  ({ name }, show) => [name, ...(isFull(show) ? ['BASE TABLE'] : [])],
);

export const tableStatus = ofSchema(
  () => [
    ...['Name', 'Engine', 'Version', 'Row_format', 'Rows', 'Avg_row_length', 'Data_length'],
    ...['Max_data_length', 'Index_length', 'Data_free', 'Auto_increment', 'Create_time'],
    ...['Update_time', 'Check_time', 'Collation', 'Checksum', 'Create_options', 'Comment'],
  ],
  ({ name }) => [name, ...tree.tableStatus()],
);

export const columns = ofTable(
  (show) =>
    isFull(show)
      ? ['Field', 'Type', 'Collation', 'Null', 'Key', 'Default', 'Extra', 'Privileges', 'Comment']
      : ['Field', 'Type', 'Null', 'Key', 'Default', 'Extra'],
  (table, show) =>
    table.columns.map((column) => {
      const [type, key] = [tree.typeOf(column), tree.keyOf(table, column)];
      return isFull(show)
        ? [column.name, type, tree.collation, 'NO', key, null, '', tree.privileges, '']
        : [column.name, type, 'NO', key, null, ''];
    }),
);

export const indexes = ofTable(
  () => [
    ...['Table', 'Non_unique', 'Key_name', 'Seq_in_index', 'Column_name', 'Collation'],
    ...['Cardinality', 'Sub_part', 'Packed', 'Null', 'Index_type', 'Comment', 'Index_comment'],
  ],
  (table) => [tree.indexRow(table)],
);

function createText(table: Table): string {
  const lines = table.columns.map(
    (column) => `  \`${column.name}\` ${tree.typeOf(column)} NOT NULL`,
  );
  const key = `${table.many ? 'KEY' : 'PRIMARY KEY'} (\`${table.primary}\`)`;
  const body = [...lines, `  ${key}`].join(',\n');
  const tail = `ENGINE=${tree.engine} DEFAULT CHARSET=${tree.charset} COLLATE=${tree.collation}`;
  return `CREATE TABLE \`${table.name}\` (\n${body}\n) ${tail}`;
}

export const createTable = ofTable(
  () => ['Table', 'Create Table'],
  (table) => [[table.name, createText(table)]],
);

export const createDatabase: Shown = {
  columns: ({ table }) => {
    const name = table?.name ?? '';
    return isSchema(name) ? ['Database', 'Create Database'] : noDatabase(name);
  },
  rows: () => [
    [schema, `CREATE DATABASE \`${schema}\` /*!40100 DEFAULT CHARACTER SET ${tree.charset} */`],
  ],
};
