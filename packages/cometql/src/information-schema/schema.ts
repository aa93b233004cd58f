/** The database, its tables and their columns, as `information_schema` and SHOW tell of them. */
import type { Row } from '../outcome.ts';
import type { Table, TableColumn } from '../tables/define.ts';
import { schema, tables } from '../tables/index.ts';

export const charset = 'utf8mb4';
export const collation = 'utf8mb4_general_ci';
export const engine = 'Encke';
/** Longer values are of a text type. */
const longestVarchar = 2_048;

export const schemaNames = ['information_schema', schema];

export const typeOf = ({ length }: TableColumn): string =>
  length > longestVarchar ? 'mediumtext' : `varchar(${length})`;

export const keyOf = (table: Table, { name }: TableColumn): string =>
  name === table.primary ? 'PRI' : '';

export const schemataColumns = [
  'CATALOG_NAME',
  'SCHEMA_NAME',
  'DEFAULT_CHARACTER_SET_NAME',
  'DEFAULT_COLLATION_NAME',
  'SQL_PATH',
  'DEFAULT_ENCRYPTION',
];

export const schemataRows = (): Row[] =>
  schemaNames.map((name) => ['def', name, charset, collation, null, 'NO']);

export const tablesColumns = [
  'TABLE_CATALOG',
  'TABLE_SCHEMA',
  'TABLE_NAME',
  'TABLE_TYPE',
  'ENGINE',
  'VERSION',
  'ROW_FORMAT',
  'TABLE_ROWS',
  'AVG_ROW_LENGTH',
  'DATA_LENGTH',
  'MAX_DATA_LENGTH',
  'INDEX_LENGTH',
  'DATA_FREE',
  'AUTO_INCREMENT',
  'CREATE_TIME',
  'UPDATE_TIME',
  'CHECK_TIME',
  'TABLE_COLLATION',
  'CHECKSUM',
  'CREATE_OPTIONS',
  'TABLE_COMMENT',
];

/** From ENGINE to the comment: how much there is of a table is not known. */
export const tableStatus = (): Row => [
  ...[engine, '10', 'Dynamic', null, null, null, null, null, null, null, null, null, null],
  ...[collation, null, '', ''],
];

export const tablesRows = (): Row[] =>
  tables.map(({ name }) => ['def', schema, name, 'BASE TABLE', ...tableStatus()]);

export const columnsColumns = [
  'TABLE_CATALOG',
  'TABLE_SCHEMA',
  'TABLE_NAME',
  'COLUMN_NAME',
  'ORDINAL_POSITION',
  'COLUMN_DEFAULT',
  'IS_NULLABLE',
  'DATA_TYPE',
  'CHARACTER_MAXIMUM_LENGTH',
  'CHARACTER_OCTET_LENGTH',
  'NUMERIC_PRECISION',
  'NUMERIC_SCALE',
  'DATETIME_PRECISION',
  'CHARACTER_SET_NAME',
  'COLLATION_NAME',
  'COLUMN_TYPE',
  'COLUMN_KEY',
  'EXTRA',
  'PRIVILEGES',
  'COLUMN_COMMENT',
  'GENERATION_EXPRESSION',
  'SRS_ID',
];

export const privileges = 'select,insert,references';

function columnRow(table: Table, column: TableColumn, i: number): Row {
  const type = typeOf(column);
  const [length, bytes] = [String(column.length), String(column.length * 4)];
  return [
    ...['def', schema, table.name, column.name, String(i + 1), null, 'NO'],
    ...[type.replace(/\(.*/, ''), length, bytes, null, null, null, charset, collation],
    ...[type, keyOf(table, column), '', privileges, '', '', null],
  ];
}

export const columnsRows = (): Row[] =>
  tables.flatMap((table) => table.columns.map((column, i) => columnRow(table, column, i)));

export const statisticsColumns = [
  'TABLE_CATALOG',
  'TABLE_SCHEMA',
  'TABLE_NAME',
  'NON_UNIQUE',
  'INDEX_SCHEMA',
  'INDEX_NAME',
  'SEQ_IN_INDEX',
  'COLUMN_NAME',
  'COLLATION',
  'CARDINALITY',
  'SUB_PART',
  'PACKED',
  'NULLABLE',
  'INDEX_TYPE',
  'COMMENT',
  'INDEX_COMMENT',
  'IS_VISIBLE',
  'EXPRESSION',
];

/** The one index of a table is its primary key. A queue or a history has several rows with one key. */
export const indexRow = ({ name, primary, many }: Table): Row => [
  ...[name, many ? '1' : '0', many ? primary : 'PRIMARY', '1', primary, 'A', null, null, null],
  ...['', 'HASH', '', ''],
];

export const statisticsRows = (): Row[] =>
  tables.map((table) => {
    const [name = '', unique = '', ...rest] = indexRow(table);
    return ['def', schema, name, unique, schema, ...rest, 'YES', null];
  });
