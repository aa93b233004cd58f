/** `information_schema`: what graphical clients read to draw their tree. */
import type { TableName } from '../grammar/syntax-tree.ts';
import { type Column, loose, type Row } from '../outcome.ts';
import type { Source } from '../select/source.ts';
import * as tree from './schema.ts';
import * as server from './server.ts';

const schemaName = 'information_schema';

export const isInformationSchema = (name: string): boolean => name.toLowerCase() === schemaName;

/** Routines, triggers, keys and the like, of which there are none, need no description: see the grammar's `nowhere`. */
const filled = new Map<string, readonly [names: readonly string[], rows: () => Row[]]>([
  ['SCHEMATA', [tree.schemataColumns, tree.schemataRows]],
  ['TABLES', [tree.tablesColumns, tree.tablesRows]],
  ['COLUMNS', [tree.columnsColumns, tree.columnsRows]],
  ['STATISTICS', [tree.statisticsColumns, tree.statisticsRows]],
  ['ENGINES', [server.enginesColumns, server.enginesRows]],
  ['CHARACTER_SETS', [server.charsetsColumns, server.charsetsRows]],
  ['COLLATIONS', [server.collationsColumns, server.collationsRows]],
]);

/** Whether a table has rows. */
export const isFilled = (name: string): boolean => filled.has(name.toUpperCase());

/** @returns undefined when another schema is meant. */
export function resolveInformationTable(
  { schema, name }: TableName,
  database: string,
): Source | undefined {
  if (!isInformationSchema(schema === '' ? database : schema)) return undefined;
  const upper = name.toUpperCase();
  const table = filled.get(upper);
  if (table === undefined) return undefined;
  const [names, rows] = table;
  const columns: Column[] = names.map((column) => ({
    ...loose(column),
    table: upper,
    schema: schemaName,
  }));
  return { name: upper, columns, rows: async () => rows() };
}
