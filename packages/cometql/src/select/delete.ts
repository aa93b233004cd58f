import type { Caller } from '../caller.ts';
import { noKey, notImplemented, readOnly } from '../faults.ts';
import type { Delete } from '../grammar/syntax-tree.ts';
import { isSqlFault, type SqlFault } from '../outcome.ts';
import type { Plan } from '../plan.ts';
import { keysOf } from './keys.ts';
import { resolveTable } from './resolve.ts';

export function planDelete(
  { table: name, where, limit }: Delete,
  database: string,
): Plan | SqlFault {
  const table = resolveTable(name, database);
  if (isSqlFault(table)) return table;
  if (table.readOnly) return readOnly(table.name);
  const keys = keysOf(where, table, true);
  if (isSqlFault(keys)) return keys;
  if (keys === undefined) return noKey(table.primary);
  // A limit that cannot cut anything off is a habit; one that might would need to know which rows are there.
  const cuts =
    limit !== undefined && (table.many || limit.offset > 0 || limit.count < new Set(keys).size);
  // Not before it runs: of a statement that is only prepared the limit is not known.
  const run = (caller: Caller) =>
    cuts ? notImplemented('DELETE with a LIMIT') : table.remove(caller, keys);
  return { columns: [], run };
}
