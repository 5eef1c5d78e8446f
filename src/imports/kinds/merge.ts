import { escapeLiteral, type PoolClient } from "pg";
import { qualified, unlessStored } from "../../warehouse/columns.ts";
import type { Merged, MergeRun } from "./kind.ts";

/** The source's name as an expression; NULL for a file. */
export const sourceColumn = ({ sourceName }: MergeRun): string =>
  `${sourceName === undefined ? "null" : escapeLiteral(sourceName)}::text`;

/** A condition: the stored row came from where this run's rows come from. */
export const isSameSource = (column: string, run: MergeRun): string =>
  `${column} is not distinct from ${sourceColumn(run)}`;

/** The last staged row of each key. */
export const lastRows = (key: readonly string[]): string =>
  `(select distinct on (${key.join(", ")}) * from import_row order by ${key.join(", ")}, line desc)`;

/**
 * Puts rows in place by key. Rows that are there already with the same figures are left alone, so that importing a
 * file again changes nothing.
 */
export const mergeRows = async (
  client: PoolClient,
  options: {
    readonly table: string;
    readonly key: readonly string[];
    /** Column to the expression that gives it, over the rows of `from`. */
    readonly columns: Readonly<Record<string, string>>;
    /** A relation with a name: `lastRows(...)`. */
    readonly from: string;
    readonly source: string;
    /** Columns that keep something of what is stored: the expression over `old` and `excluded`. */
    readonly kept?: Readonly<Record<string, string>>;
  },
): Promise<Merged> => {
  const names = Object.keys(options.columns);
  const data = names.filter((name) => !options.key.includes(name));
  const merged = data.map((name) => options.kept?.[name] ?? `excluded.${name}`);
  const { rows } = await client.query<{ total: string; inserted: string; changed: string }>(
    `with fresh (${names.join(", ")}) as (select ${Object.values(options.columns).join(", ")} from ${options.from} as row),
     merged as (
       insert into ${options.table} as old (${names.join(", ")}, import_source)
       select excluded.*, $1::text from fresh as excluded
       where ${unlessStored(options.table, "excluded", { key: options.key, data, values: merged })}
       on conflict (${options.key.join(", ")}) do update
       set ${data.map((name, index) => `${name} = ${merged[index] ?? ""}`).join(", ")},
           import_source = excluded.import_source, imported_at = now()
       where (${qualified("old", data)}) is distinct from (${merged.join(", ")})
       returning xmax = 0 as is_new
     )
     select (select count(*) from fresh) as total,
            count(*) filter (where is_new) as inserted, count(*) filter (where not is_new) as changed
     from merged`,
    [options.source],
  );
  const [{ total, inserted, changed } = { total: "0", inserted: "0", changed: "0" }] = rows;
  return {
    inserted: Number(inserted),
    changed: Number(changed),
    unchanged: Number(total) - Number(inserted) - Number(changed),
  };
};
