import type { Database } from "../../src/warehouse/database.ts";

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly key: boolean;
  readonly comment: string;
}

export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly kind: "table" | "view";
  readonly comment: string;
  readonly columns: readonly Column[];
}

export interface Routine {
  readonly name: string;
  readonly signature: string;
  readonly comment: string;
}

/** What analysts may read. */
export const schemas = ["marts", "warehouse", "ad_reporting"] as const;

/** The tables and views as the database describes them itself; partitions are part of their table. */
export const readTables = async ({ pool }: Database): Promise<readonly Table[]> => {
  const { rows } = await pool.query<Table>(
    `select n.nspname as schema, c.relname as name, case c.relkind when 'v' then 'view' else 'table' end as kind,
            coalesce(obj_description(c.oid, 'pg_class'), '') as comment,
            json_agg(json_build_object(
              'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
              'nullable', not a.attnotnull and c.relkind <> 'v', 'key', coalesce(a.attnum = any (i.indkey), false),
              'comment', coalesce(col_description(c.oid, a.attnum), '')) order by a.attnum) as columns
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     left join pg_index i on i.indrelid = c.oid and i.indisprimary
     where n.nspname = any ($1) and c.relkind in ('r', 'p', 'v') and not c.relispartition
     group by n.nspname, c.oid, c.relname, c.relkind
     order by array_position($1, n.nspname::text), c.relname`,
    [schemas],
  );
  return rows;
};

/** Functions that carry a comment. */
export const readRoutines = async ({ pool }: Database): Promise<readonly Routine[]> => {
  const { rows } = await pool.query<Routine>(
    `select n.nspname || '.' || p.proname as name, pg_get_function_identity_arguments(p.oid) as signature,
            obj_description(p.oid, 'pg_proc') as comment
     from pg_proc p
     join pg_namespace n on n.oid = p.pronamespace
     where n.nspname = any ($1) and obj_description(p.oid, 'pg_proc') is not null
     order by array_position($1, n.nspname::text), p.proname`,
    [schemas],
  );
  return rows;
};
