import { noDatabase, noTable } from '../faults.ts';
import { describesServer } from '../grammar/nowhere.ts';
import type { TableName } from '../grammar/syntax-tree.ts';
import type { SqlFault } from '../outcome.ts';
import type { Table } from '../tables/define.ts';
import { findTable, isSchema } from '../tables/index.ts';

/** A table that stores something. `database`: the one in use, which may be none: there is only one that has such tables. */
export function resolveTable({ schema, name }: TableName, database: string): Table | SqlFault {
  const place = schema === '' ? database : schema;
  if (place === '' || isSchema(place)) return findTable(name);
  return describesServer(place) ? noTable(name) : noDatabase(place);
}
