import type { PoolClient } from "pg";
import { schemasKept } from "./schemas.ts";

/** A table as a backup holds it. */
export interface BackupTable {
  /** `schema.table`. */
  readonly name: string;
  readonly columns: readonly string[];
  /** What its rows are ordered by: the primary key, or every column where it has none. */
  readonly order: readonly string[];
  /** First days of the months for which the table has partitions; empty where it has none. */
  readonly months: readonly string[];
}

/**
 * What a backup leaves out: work under way and who is logged in. Units of work belong to a queue that is not carried;
 * the next night asks for its days again anyway.
 */
const leftOut = [
  "ops.job",
  "ops.pause",
  "ops.lease",
  "ops.held_lock",
  "ops.web_session",
  "ops.kysely_migration_lock",
];

/** Every table with something to keep, referred ones before those that refer to them. */
export const backupTables = async (client: PoolClient): Promise<readonly BackupTable[]> => {
  const { rows } = await client.query<BackupTable & { readonly refers: readonly string[] }>(
    `select n.nspname || '.' || c.relname as name,
            (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
            coalesce((select array_agg(a.attname::text order by array_position(i.indkey::int2[], a.attnum))
                      from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
                      where i.indrelid = c.oid and i.indisprimary), '{}') as order,
            (select coalesce(array_agg(substring(pg_get_expr(p.relpartbound, p.oid) from '\\d{4}-\\d{2}-\\d{2}')
                                       order by 1), '{}')
             from pg_inherits i join pg_class p on p.oid = i.inhrelid where i.inhparent = c.oid) as months,
            (select coalesce(array_agg(distinct fn.nspname || '.' || fc.relname), '{}')
             from pg_constraint k join pg_class fc on fc.oid = k.confrelid join pg_namespace fn on fn.oid = fc.relnamespace
             where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid) as refers
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = any ($2) and c.relkind in ('r', 'p') and c.relpersistence = 'p'
       and not c.relispartition and n.nspname || '.' || c.relname <> all ($1)
     order by 1`,
    [leftOut, schemasKept],
  );
  const ordered: BackupTable[] = [];
  const placed = new Set(leftOut);
  while (ordered.length < rows.length) {
    const next = rows.filter(
      ({ name, refers }) => !placed.has(name) && refers.every((other) => placed.has(other)),
    );
    if (next.length === 0) throw new Error("tables refer to each other in a circle");
    for (const { name, columns, order, months } of next) {
      placed.add(name);
      ordered.push({ name, columns, order: order.length > 0 ? order : columns, months });
    }
  }
  return ordered;
};

/** `schema.table` for a statement. */
export const quoted = (name: string): string =>
  name
    .split(".")
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join(".");

export const columnList = (columns: readonly string[]): string =>
  columns.map((column) => `"${column.replaceAll('"', '""')}"`).join(", ");
