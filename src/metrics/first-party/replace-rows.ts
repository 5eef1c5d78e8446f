import type { PoolClient } from "pg";
import { unlessStored } from "../../warehouse/columns.ts";

/**
 * Makes a mart hold exactly the rows of a query, as far as `within` reaches: rows that vanished are deleted, rows that
 * came out the same are left alone, so that `refreshed_at` says when a figure last changed.
 */
export const replaceRows = async (
  client: PoolClient,
  options: {
    readonly table: string;
    readonly key: readonly string[];
    readonly columns: readonly string[];
    /** A query that gives the columns by name. */
    readonly rows: string;
    readonly parameters: readonly unknown[];
    /** Which stored rows `old` the query is about, with parameters of its own. */
    readonly within: { readonly where: string; readonly parameters: readonly unknown[] };
  },
): Promise<void> => {
  const { table, key, columns, within } = options;
  const stored = `(select * from ${table} old where ${within.where})`;
  const data = columns.filter((name) => !key.includes(name));
  await client.query(`create temporary table fresh_row on commit drop as ${options.rows}`, [
    ...options.parameters,
  ]);
  await client.query(`analyze fresh_row`);
  await client.query(
    `delete from ${table} old where ${within.where} and not exists (
       select from fresh_row f where ${key.map((name) => `f.${name} = old.${name}`).join(" and ")})`,
    [...within.parameters],
  );
  await client.query(
    `insert into ${table} (${columns.join(", ")}, refreshed_at)
     select ${columns.join(", ")}, now() from fresh_row f
     where ${unlessStored(stored, "f", { key, data })}
     on conflict (${key.join(", ")}) do update
     set ${data.map((name) => `${name} = excluded.${name}`).join(", ")}, refreshed_at = excluded.refreshed_at`,
    [...within.parameters],
  );
  await client.query("drop table fresh_row");
};
