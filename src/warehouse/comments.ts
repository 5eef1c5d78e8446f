import type pg from "pg";
import { ourSchemas } from "./analysts/rights.ts";

interface Comment {
  /** `table warehouse.ad`, `column marts.kpi_daily.kpi`: as SQL names it. */
  readonly on: string;
  readonly text: string;
}

/** The comments of our tables, views and their columns. */
export const readComments = async (client: pg.ClientBase): Promise<readonly Comment[]> => {
  const { rows } = await client.query<Comment>(
    `select case when d.objsubid > 0 then format('column %I.%I.%I', n.nspname, c.relname, a.attname)
                 else format('%s %I.%I', case c.relkind when 'v' then 'view' else 'table' end, n.nspname, c.relname) end as on,
            d.description as text
     from pg_description d
     join pg_class c on d.classoid = 'pg_class'::regclass and c.oid = d.objoid and c.relkind in ('r', 'p', 'v')
     join pg_namespace n on n.oid = c.relnamespace
     left join pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid
     where n.nspname = any (${ourSchemas})`,
  );
  return rows;
};

/** Says again what a table or view that was made anew has lost. */
export const restoreComments = async (client: pg.ClientBase, before: readonly Comment[]): Promise<void> => {
  const kept = new Set((await readComments(client)).map(({ on }) => on));
  for (const { on, text } of before)
    if (!kept.has(on)) {
      const { rows } = await client.query<{ statement: string }>(
        "select format('comment on %s is %L', $1::text, $2::text) as statement",
        [on, text],
      );
      await client.query(rows[0]?.statement ?? "");
    }
};
