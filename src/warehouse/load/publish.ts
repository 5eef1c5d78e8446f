import { qualified } from "../columns.ts";
import { touchDays } from "../touched-days.ts";
import { replacedRows } from "./compare-days.ts";
import { adDaily, comparedTables, conversionDaily, type FactTable, tablesOf } from "./fact-tables.ts";
import type { StagedWindow } from "./staged-window.ts";

export interface PublishOptions extends StagedWindow {
  /** Days that did not reconcile: whatever was published of them before stays. */
  readonly failedDays: readonly string[];
}

/**
 * Brings one table's days to what was staged, in one statement: rows that vanished are deleted, new ones inserted,
 * changed ones updated. A row that came out the same is not written, nor locked.
 * @returns the days that changed and how many rows were written.
 */
const publishTable = async (
  staged: PublishOptions,
  table: FactTable,
): Promise<{ days: readonly string[]; written: number }> => {
  const { key, figures, name, part } = table;
  const days = (staged.days.get(part) ?? []).filter((day) => !staged.failedDays.includes(day));
  if (days.length === 0) return { days, written: 0 };
  const compared = comparedTables.find((one) => one === table);
  const comparedDays = days.filter((day) => staged.compared.get(table)?.includes(day));
  const wholeDays = days.filter((day) => !comparedDays.includes(day));
  const columns = ["account_key", ...key, ...figures];
  const { rows } = await staged.client.query<{ date: string; written: string }>(
    `with staged as (
       select ${columns.join(", ")} from staging.${name}
       where slice_id = $1 and account_key = $2 and date between $3 and $4 and date = any ($5::date[])
     ),
     published as (
       select ${columns.join(", ")} from warehouse.${name}
       where account_key = $2 and date between $3 and $4 and date = any ($6::date[])
       ${compared && comparedDays.length > 0 ? `union all select * from ${replacedRows(compared)} r where date = any ($7::date[])` : ""}
     ),
     difference as materialized (
       select ${key.map((column) => `coalesce(s.${column}, p.${column}) as ${column}`).join(", ")},
              ${qualified("s", figures)}, s.account_key is null as is_gone, p.account_key is null as is_new
       from staged s
       full join published p on ${key.map((column) => `s.${column} = p.${column}`).join(" and ")}
       where s.account_key is null or p.account_key is null
          or (${qualified("s", figures)}) is distinct from (${qualified("p", figures)})
     ),
     gone as (
       delete from warehouse.${name} f using difference d
       where d.is_gone and f.account_key = $2 and f.date between $3 and $4
         and (${qualified("f", key)}) = (${qualified("d", key)})
       returning f.date
     ),
     changed as (
       update warehouse.${name} f set ${figures.map((figure) => `${figure} = d.${figure}`).join(", ")}
       from difference d
       where not d.is_gone and not d.is_new and f.account_key = $2 and f.date between $3 and $4
         and (${qualified("f", key)}) = (${qualified("d", key)})
       returning f.date
     ),
     added as (
       insert into warehouse.${name} (${columns.join(", ")})
       select $2, ${[...key, ...figures].join(", ")} from difference where is_new
       returning date
     )
     select date, count(*) as written
     from (select date from gone union all select date from changed union all select date from added) all_changes
     group by date`,
    [
      staged.sliceId,
      staged.accountKey,
      staged.from,
      staged.to,
      days,
      wholeDays,
      ...(comparedDays.length > 0 ? [comparedDays] : []),
    ],
  );
  return {
    days: rows.map(({ date }) => date),
    written: rows.reduce((sum, { written }) => sum + Number(written), 0),
  };
};

/** The tables that were copied straight in need no comparison; only failed days are taken out again. */
const keepDirect = async (
  staged: PublishOptions,
  table: FactTable,
): Promise<{ days: readonly string[]; written: number }> => {
  if (staged.failedDays.length > 0)
    await staged.client.query(
      `delete from warehouse.${table.name}
       where account_key = $1 and date between $2 and $3 and date = any ($4::date[])`,
      [staged.accountKey, staged.from, staged.to, staged.failedDays],
    );
  const parts = table === adDaily ? "delivery_part" : "outcome_part";
  const { rows } = await staged.client.query<{ date: string; written: string }>(
    `select date, sum(row_count) as written from staging.${parts}
     where slice_id = $1 and account_key = $3 and date <> all ($2::date[]) group by date`,
    [staged.sliceId, staged.failedDays, staged.accountKey],
  );
  return {
    days: rows.map(({ date }) => date),
    written: rows.reduce((sum, { written }) => sum + Number(written), 0),
  };
};

/** Publishes the slice's rows and marks the days whose figures changed for the rollup. */
export const publish = async (staged: PublishOptions): Promise<{ rowsWritten: number }> => {
  const days = new Set<string>();
  let rowsWritten = 0;
  for (const table of tablesOf(...staged.days.keys())) {
    const copiedStraight = staged.direct && (table === adDaily || table === conversionDaily);
    const result = await (copiedStraight ? keepDirect(staged, table) : publishTable(staged, table));
    rowsWritten += result.written;
    for (const day of result.days) days.add(day);
  }
  await touchDays(staged.client, staged.accountKey, [...days]);
  return { rowsWritten };
};
