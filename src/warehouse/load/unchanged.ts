import { eachDay } from "../../domain/day.ts";
import { adDaily, conversionDaily, type FactTable, type Part, tablesOf } from "./fact-tables.ts";
import type { Fingerprints } from "./fingerprint.ts";
import type { PartDays, StagedWindow } from "./staged-window.ts";
import type { Staging } from "./stage.ts";

const sumsOf = ({ name, figures }: FactTable, rows: string, count: string): string =>
  `select date, concat_ws(' ', '${name}', ${count}, ${figures.map((figure) => `sum(${figure})`).join(", ")}) as sums
   from ${rows} group by date`;

/** Each table is added up for itself: the order of the texts must not decide how a million rows are read. */
const joined = (tables: readonly string[]): string =>
  `with sums as materialized (${tables.join(" union all ")})
   select date, string_agg(sums, '; ' order by sums) as published from sums group by date`;

/** Counts and sums of each day as they stand in the warehouse. Parameters: account, first and last day. */
const inWarehouse = (part: Part): string =>
  joined(
    tablesOf(part).map((table) =>
      sumsOf(table, `warehouse.${table.name} where account_key = $1 and date between $2 and $3`, "count(*)"),
    ),
  );

/** The same of what this slice publishes, from the sums that it made anyway. Parameters: slice, first and last day, account. */
const ofSlice = (part: Part): string =>
  joined(
    tablesOf(part).map((table) => {
      const [rows, count] =
        table === adDaily
          ? ["delivery_part", "sum(row_count)"]
          : table === conversionDaily
            ? ["outcome_part", "sum(row_count)"]
            : [table.name, "count(*)"];
      return sumsOf(
        table,
        `staging.${rows} where slice_id = $1 and account_key = $4 and date between $2 and $3`,
        count,
      );
    }),
  );

/**
 * The days for which the platform sent the same rows as when they were published, and whose rows in the warehouse
 * still have the same counts and sums. Comparing these days row by row would find nothing.
 */
const unchangedDays = async (
  { client, accountKey }: Staging,
  part: Part,
  prints: ReadonlyMap<string, string>,
): Promise<readonly string[]> => {
  const { rows: known } = await client.query<{ date: string }>(
    `select f.date
     from ops.day_fingerprint f
     join unnest($2::date[], $3::text[]) as now (date, fingerprint) using (date, fingerprint)
     where f.account_key = $1 and f.part = $4
     order by f.date`,
    [accountKey, [...prints.keys()], [...prints.values()], part],
  );
  if (known.length === 0) return [];
  const { rows } = await client.query<{ date: string }>(
    `select f.date from ops.day_fingerprint f left join (${inWarehouse(part)}) w using (date)
     where f.account_key = $1 and f.part = $5 and f.date between $2 and $3 and f.date = any ($4::date[])
       and f.published = coalesce(w.published, '')`,
    [accountKey, known[0]?.date, known.at(-1)?.date, known.map(({ date }) => date), part],
  );
  return rows.map(({ date }) => date);
};

/** The days of the window that were published whole. */
const wholeDays = async ({ client, connector, pull }: Staging): Promise<ReadonlySet<string>> => {
  const { rows } = await client.query<{ date: string }>(
    `select date from ops.account_day
     where platform = $1 and account_id = $2 and date between $3 and $4 and state in ('complete', 'no_spend')`,
    [connector.platform, pull.account.id, pull.from, pull.to],
  );
  return new Set(rows.map(({ date }) => date));
};

/** Of each part the days that have to be compared. A day with a figure that cannot be stored fails as a whole. */
export const changedDays = async (staging: Staging, prints: Fingerprints): Promise<PartDays> => {
  const { pull, direct, unfit } = staging;
  const changed = new Map<Part, readonly string[]>();
  const whole = direct ? new Set<string>() : await wholeDays(staging);
  for (const [part, days] of prints) {
    const known = new Map([...days].filter(([date]) => whole.has(date)));
    const unchanged = new Set(known.size === 0 ? [] : await unchangedDays(staging, part, known));
    changed.set(
      part,
      eachDay(pull).filter((day) => !unchanged.has(day) || unfit.has(day)),
    );
  }
  return changed;
};

/** Notes what the days were published from; `except`: days that depend on more than their rows, or failed. */
export const noteFingerprints = async (
  { client, sliceId, accountKey, from, to, days }: StagedWindow,
  prints: Fingerprints,
  except: readonly string[],
): Promise<void> => {
  if (except.length > 0)
    await client.query(
      "delete from ops.day_fingerprint where account_key = $1 and date between $2 and $3 and date = any ($4::date[])",
      [accountKey, from, to, except],
    );
  for (const [part, changed] of days) {
    const noted = changed.filter((date) => !except.includes(date));
    if (noted.length === 0) continue;
    await client.query(
      `insert into ops.day_fingerprint as f (account_key, date, part, fingerprint, published)
       select $4::integer, n.date, $7, n.fingerprint, coalesce(s.published, '')
       from unnest($5::date[], $6::text[]) as n (date, fingerprint) left join (${ofSlice(part)}) s using (date)
       on conflict (account_key, date, part) do update
       set fingerprint = excluded.fingerprint, published = excluded.published
       where (f.fingerprint, f.published) is distinct from (excluded.fingerprint, excluded.published)`,
      [sliceId, from, to, accountKey, noted, noted.map((date) => prints.get(part)?.get(date)), part],
    );
  }
};

/** The days were asked for anew and stay as they are. */
export const confirmDays = async (
  { client, sliceId, connector, pull }: Staging,
  days: readonly string[],
): Promise<void> => {
  if (days.length === 0) return;
  await client.query(
    `update ops.account_day set fetched_at = clock_timestamp(), slice_id = $1
     where platform = $2 and account_id = $3 and date = any ($4::date[])`,
    [sliceId, connector.platform, pull.account.id, days],
  );
};
