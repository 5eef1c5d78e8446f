import type pg from "pg";
import type { Pull } from "../../connectors/connector.ts";
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

/** Counts and sums of each day as they stand in the warehouse. `$1` is the account; the others name first and last day. */
const inWarehouse = (part: Part, first: string, last: string): string =>
  joined(
    tablesOf(part).map((table) =>
      sumsOf(
        table,
        `warehouse.${table.name} where account_key = $1 and date between ${first} and ${last}`,
        "count(*)",
      ),
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
 * Of each part the days for which the platform sent the same rows as when they were published, and whose rows in the
 * warehouse still have the same counts and sums. Comparing these days row by row would find nothing.
 */
const unchangedDays = async (
  { client, accountKey, known }: Staging,
  prints: Fingerprints,
): Promise<ReadonlyMap<Part, ReadonlySet<string>>> => {
  const same = [...prints].flatMap(([part, days]) => {
    const before = known.prints.get(part);
    const dates = [...days].flatMap(([date, print]) =>
      known.whole.has(date) && before?.get(date)?.fingerprint === print ? [date] : [],
    );
    return dates.length === 0 ? [] : [{ part, before, dates }];
  });
  if (same.length === 0) return new Map();
  const { rows } = await client.query<{ part: Part; date: string; published: string }>(
    same
      .map(({ part }, nth) => {
        const sums = inWarehouse(part, `$${String(2 * nth + 2)}`, `$${String(2 * nth + 3)}`);
        return `select '${part}' as part, date, published from (${sums}) w`;
      })
      .join(" union all "),
    [accountKey, ...same.flatMap(({ dates }) => [dates[0], dates.at(-1)])],
  );
  const stored = new Map(rows.map(({ part, date, published }) => [`${part} ${date}`, published]));
  return new Map(
    same.map(({ part, before, dates }) => [
      part,
      new Set(dates.filter((date) => before?.get(date)?.published === (stored.get(`${part} ${date}`) ?? ""))),
    ]),
  );
};

/** Of each part the days that have to be compared. A day with a figure that cannot be stored fails as a whole. */
export const changedDays = async (staging: Staging, prints: Fingerprints): Promise<PartDays> => {
  const { pull, unfit } = staging;
  const unchanged = await unchangedDays(staging, prints);
  return new Map(
    [...prints.keys()].map((part) => [
      part,
      eachDay(pull).filter((day) => !unchanged.get(part)?.has(day) || unfit.has(day)),
    ]),
  );
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
  const noted = [...days].flatMap(([part, changed]) =>
    changed
      .filter((date) => !except.includes(date))
      .map((date) => ({ part, date, print: prints.get(part)?.get(date) })),
  );
  if (noted.length === 0) return;
  const sums = [...days.keys()].map(
    (part) => `select '${part}' as part, date, published from (${ofSlice(part)}) p`,
  );
  await client.query(
    `insert into ops.day_fingerprint as f (account_key, date, part, fingerprint, published)
     select $4::integer, n.date, n.part, n.fingerprint, coalesce(s.published, '')
     from unnest($5::text[], $6::date[], $7::text[]) as n (part, date, fingerprint)
     left join (${sums.join(" union all ")}) s using (part, date)
     on conflict (account_key, date, part) do update
     set fingerprint = excluded.fingerprint, published = excluded.published
     where (f.fingerprint, f.published) is distinct from (excluded.fingerprint, excluded.published)`,
    [
      sliceId,
      from,
      to,
      accountKey,
      noted.map(({ part }) => part),
      noted.map(({ date }) => date),
      noted.map(({ print }) => print),
    ],
  );
};

/** In SQL: what the days of a window came to, in all. Parameters: platform, account, first and last day. */
const totals = `
  select coalesce(sum(platform_spend), 0) as platform, coalesce(sum(our_spend), 0) as ours
  from ops.account_day where platform = $1 and account_id = $2 and date between $3 and $4`;

export interface WindowTotals {
  readonly platformSpend: string;
  readonly ourSpend: string;
}

const windowOf = ({ account, from, to }: Pull) => [account.platform, account.id, from, to];

const askTotals = async (
  client: pg.PoolClient | pg.Pool,
  statement: string,
  parameters: readonly unknown[],
): Promise<WindowTotals> => {
  const { rows } = await client.query<{ platform: string; ours: string }>(statement, [...parameters]);
  return { platformSpend: rows[0]?.platform ?? "0", ourSpend: rows[0]?.ours ?? "0" };
};

/** What the window's days came to, in all. */
export const totalsOf = (pool: pg.Pool, pull: Pull): Promise<WindowTotals> =>
  askTotals(pool, totals, windowOf(pull));

/** These days were asked for anew and stay as they are. @returns what the whole window came to. */
export const confirmDays = (
  { client, sliceId, pull }: Staging,
  days: readonly string[],
): Promise<WindowTotals> =>
  askTotals(
    client,
    `with confirmed as (
       update ops.account_day set fetched_at = clock_timestamp(), slice_id = $5
       where platform = $1 and account_id = $2 and date = any ($6::date[]))
     ${totals}`,
    [...windowOf(pull), sliceId, days],
  );
