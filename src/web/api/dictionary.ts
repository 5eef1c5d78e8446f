import { sql } from "kysely";
import type { Dictionary } from "./answers.ts";
import type { Read } from "./read.ts";

/** Tables, views and functions of marts with their comments: the database describes itself. */
export const dictionary = async (read: Read): Promise<Dictionary> => {
  const tables = await read<Dictionary["tables"][number]>(sql`
    select c.oid::regclass::text as name, case when c.relkind = 'v' then 'view' else 'table' end as kind,
           coalesce(obj_description(c.oid, 'pg_class'), '') as meaning,
           json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                                      'meaning', coalesce(col_description(c.oid, a.attnum), ''))
                    order by a.attnum) as columns
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'marts'
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
    group by c.oid, c.relkind
    union all
    select 'marts.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', 'function',
           obj_description(p.oid, 'pg_proc'), '[]'
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace and n.nspname = 'marts'
    where p.proretset and obj_description(p.oid, 'pg_proc') is not null
    order by 2 desc, 1`);
  return { tables };
};
