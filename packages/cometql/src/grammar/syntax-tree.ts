/** What the grammar makes of a statement. A literal stands for itself: long lists of them cost no more than their values. */

export type Value = string | number | null;

export type Expression =
  | Value
  | { readonly kind: 'name'; readonly path: readonly string[]; readonly text: boolean }
  | { readonly kind: 'setting' | 'variable'; readonly name: string }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly Expression[];
      /** `COUNT(*)` */
      readonly star: boolean;
    }
  /** Operators of one rank, from the left: a chain of any length is no deeper than one link. */
  | { readonly kind: 'chain'; readonly first: Expression; readonly links: readonly Link[] }
  | { readonly kind: 'all' | 'any'; readonly parts: readonly Expression[] }
  | { readonly kind: 'not' | 'minus'; readonly operand: Expression }
  | { readonly kind: 'in'; readonly operand: Expression; readonly list: readonly Expression[] }
  | { readonly kind: 'like'; readonly operand: Expression; readonly pattern: Expression }
  | { readonly kind: 'is'; readonly operand: Expression; readonly value: boolean | null }
  | {
      readonly kind: 'between';
      readonly operand: Expression;
      readonly from: Expression;
      readonly to: Expression;
    }
  | {
      readonly kind: 'case';
      /** undefined: the branches have conditions, not values. */
      readonly operand: Expression | undefined;
      readonly branches: readonly Branch[];
      readonly otherwise: Expression;
    };

export interface Branch {
  readonly when: Expression;
  readonly value: Expression;
}

export interface Link {
  readonly operator: string;
  readonly operand: Expression;
}

export interface TableName {
  /** Empty: the database in use. */
  readonly schema: string;
  readonly name: string;
}

/** `DEFAULT` is the same as no value. */
export type InsertValue = Value | undefined;

export interface Insert {
  readonly kind: 'insert';
  readonly table: TableName;
  /** undefined: all of the table's, in its order. */
  readonly columns: readonly string[] | undefined;
  readonly rows: readonly (readonly InsertValue[])[];
  /** ON DUPLICATE KEY UPDATE */
  readonly updates: readonly { readonly column: string; readonly value: Expression }[];
}

export interface Item {
  /** '*' is all columns. */
  readonly expression: Expression | { readonly kind: 'star' };
  readonly label: string;
}

export interface Order {
  readonly by: Expression;
  readonly descending: boolean;
}

export interface Limit {
  readonly offset: number;
  readonly count: number;
}

export interface Select {
  readonly kind: 'select';
  readonly distinct: boolean;
  readonly items: readonly Item[];
  readonly from: TableName | Select | undefined;
  /** What the statement calls the table. */
  readonly alias: string | undefined;
  readonly where: Expression | undefined;
  /** GROUP BY */
  readonly group: readonly Expression[];
  readonly having: Expression | undefined;
  readonly order: readonly Order[];
  readonly limit: Limit | undefined;
}

export interface Delete {
  readonly kind: 'delete';
  readonly table: TableName;
  readonly where: Expression | undefined;
  readonly limit: Limit | undefined;
}

export interface Show {
  readonly kind: 'show';
  /** In capitals, such as `TABLE STATUS`. */
  readonly subject: string;
  /** `FULL`, `GLOBAL` … */
  readonly modifiers: ReadonlySet<string>;
  /** What FROM, IN or CREATE TABLE name. */
  readonly table: TableName | undefined;
  readonly like: string | undefined;
  readonly where: Expression | undefined;
}

export type Statement =
  | Insert
  | Select
  | Delete
  | Show
  | { readonly kind: 'describe'; readonly table: TableName; readonly column: string | undefined }
  | { readonly kind: 'use'; readonly database: string }
  | { readonly kind: 'kill'; readonly connection: Expression }
  | { readonly kind: 'begin' | 'commit' }
  /** `autocommit`: undefined when it stays as it is. */
  | { readonly kind: 'set'; readonly autocommit: boolean | undefined }
  /** Accepted, and nothing is to be done: SAVEPOINT … */
  | { readonly kind: 'nothing' }
  /** About the schemas that describe MySQL itself, in words that this grammar lacks: there is nothing to show, or to count. */
  | { readonly kind: 'nowhere'; readonly labels: readonly string[]; readonly counted: boolean };
