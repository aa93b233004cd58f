/** What a statement ends in. Expected errors are values. */

export interface Ok {
  readonly kind: 'ok';
  readonly affectedRows: number;
  readonly insertId: number;
}

/** All columns are text in utf8mb4. */
export interface Column {
  readonly name: string;
  /** Empty when the column is no table's. */
  readonly table: string;
  /** What both are called but for this statement; undefined: the same. */
  readonly origin?: { readonly table: string; readonly name: string };
  readonly schema: string;
  readonly primary: boolean;
  /** Characters a value may have. */
  readonly length: number;
}

export type Row = readonly (string | null)[];

export interface Rows {
  readonly kind: 'rows';
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/** An error of the peer's, or of an outage. The text names the field and the rule it broke, never the value. */
export class SqlFault {
  readonly errno: number;
  readonly sqlState: string;
  readonly message: string;
  /** For the log. */
  readonly why: string | undefined;

  constructor(errno: number, message: string, sqlState = 'HY000', why?: string) {
    this.errno = errno;
    this.message = message;
    this.sqlState = sqlState;
    this.why = why;
  }
}

export type Outcome = Ok | Rows | SqlFault;

export const isSqlFault = (value: unknown): value is SqlFault => value instanceof SqlFault;

export const ok = (affectedRows = 0, insertId = 0): Ok => ({ kind: 'ok', affectedRows, insertId });

/** The same column, called otherwise. */
export const renamed = (
  column: Column,
  names: Partial<Pick<Column, 'name' | 'table'>>,
): Column => ({
  origin: { table: column.table, name: column.name },
  ...column,
  ...names,
});

/** A column of an answer that is no table's. */
export const loose = (name: string, length = 255): Column => ({
  name,
  table: '',
  schema: '',
  primary: false,
  length,
});
