import { type Kysely, type RawBuilder, sql } from "kysely";
import type { DB } from "../../warehouse/schema.ts";
import type { Scope } from "./groups.ts";
import { currencyOf, inCurrency } from "./money.ts";
import type { Read } from "./read.ts";

const monthsAtOnce = 20;

const monthOf = (day: string): string => `${day.slice(0, 7)}-01`;

const accounts = (keys: Scope["keys"], table: string): RawBuilder<unknown> =>
  keys === undefined ? sql`` : sql`and ${sql.ref(`${table}.account_key`)} = any(${[...keys]}::int[])`;

/** Whether the running months of a scope stand: in the same snapshot, nothing of them was written since. */
export const areMonthsFresh = async (
  read: Read,
  { range, keys }: Pick<Scope, "range" | "keys">,
): Promise<boolean> => {
  const stale = await read(sql`
    select 1 from ops.stale_campaign_month s
    where s.month between ${monthOf(range.from)}::date and ${range.to}::date ${accounts(keys, "s")} limit 1`);
  return stale.length === 0;
};

/** Months of which the same days are taken: their last day, and how many days at their start are left away. */
interface Stretch {
  readonly months: RawBuilder<unknown>;
  readonly last: number;
  readonly before: number;
}

const dayOf = (day: string): number => Number(day.slice(8));

const stretchesOf = ({ from, to }: Scope["range"]): readonly Stretch[] => {
  const [first, end] = [monthOf(from), monthOf(to)];
  const before = dayOf(from) - 1;
  if (first === end) return [{ months: sql`m.month = ${first}::date`, last: dayOf(to), before }];
  return [
    { months: sql`m.month = ${first}::date`, last: 31, before },
    { months: sql`m.month > ${first}::date and m.month < ${end}::date`, last: 31, before: 0 },
    { months: sql`m.month = ${end}::date`, last: dayOf(to), before: 0 },
  ];
};

/**
 * Sums of each campaign over the range, as differences of running sums: one row a month to read instead of thirty.
 * The same columns as adding up the daily mart gives. Which elements to take stands in the statement as numbers: to
 * work it out for every row and column would take as long as the rest.
 */
export const campaignMonths = ({ range, keys, choice }: Scope): RawBuilder<unknown> => {
  const isReporting = choice.mode === "reporting";
  const suffix = isReporting ? "_reporting" : "";
  const parts = stretchesOf(range).map(({ months, last, before }) => {
    const part = (column: string): RawBuilder<unknown> =>
      before === 0
        ? sql`${sql.ref(`m.${column}`)}[${sql.lit(last)}]`
        : sql`${sql.ref(`m.${column}`)}[${sql.lit(last)}] - ${sql.ref(`m.${column}`)}[${sql.lit(before)}]`;
    return sql`
      select m.account_key, m.campaign_id, ${currencyOf(choice)} as currency, ${part("days_with_row")} as days,
             ${isReporting ? part("days_without_rate") : sql`0`} as unrated, ${part(`spend${suffix}`)} as spend,
             ${part("impressions")} as impressions, ${part("clicks")} as clicks, ${part("conversions")} as conversions,
             ${part(`conversion_value${suffix}`)} as conversion_value, ${part("organic_conversions")} as organic_conversions,
             m.first_open_date is null or m.first_open_date > ${range.to}::date as is_final
      from marts.campaign_month m where ${months} ${accounts(keys, "m")} ${inCurrency(choice)}`;
  });
  return sql`
    select p.account_key, p.campaign_id, p.currency,
           case when sum(p.unrated) = 0 then sum(p.spend) * 0.000001 end as spend,
           sum(p.impressions) as impressions, sum(p.clicks) as clicks, sum(p.conversions) * 0.000001 as conversions,
           case when sum(p.unrated) = 0 then sum(p.conversion_value) * 0.000001 end as conversion_value,
           sum(p.organic_conversions) * 0.000001 as organic_conversions, bool_and(p.is_final) as is_final
    from (${sql.join(parts, sql` union all `)}) p
    group by 1, 2, 3
    having sum(p.days) > 0`;
};

interface CampaignRow {
  readonly platform: string;
  readonly account_id: string | null;
  readonly campaign_id: string | null;
}

/** Cost per conversion by day of some campaigns: the step from each element to the next. */
export const monthlySparks = <Day>(
  read: Read,
  { range, choice }: Scope,
  rows: readonly CampaignRow[],
): Promise<readonly Day[]> => {
  const step = (column: string): RawBuilder<unknown> =>
    sql`(${sql.ref(`m.${column}`)}[d.day] - coalesce(${sql.ref(`m.${column}`)}[d.day - 1], 0))`;
  const spend =
    choice.mode === "reporting"
      ? sql`case when ${step("days_without_rate")} = 0 then ${step("spend_reporting")} end`
      : step("spend");
  return read<Day>(sql`
    select a.platform, a.account_id, m.campaign_id, null::text as part_id, ${currencyOf(choice)} as currency,
           m.month + (d.day - 1) - ${range.from}::date as place,
           round((${spend})::numeric / nullif(${step("conversions")}, 0), 6) as value
    from unnest(${rows.map(({ platform }) => platform)}::text[], ${rows.map(({ account_id }) => account_id)}::text[],
                ${rows.map(({ campaign_id }) => campaign_id)}::text[]) as r (platform, account_id, campaign_id)
    join warehouse.account a on a.platform = r.platform and a.account_id = r.account_id
    join marts.campaign_month m on m.account_key = a.account_key and m.campaign_id = r.campaign_id
      and m.month between ${monthOf(range.from)}::date and ${range.to}::date ${inCurrency(choice)}
    cross join generate_series(1, 31) as d (day)
    where m.month + (d.day - 1) between ${range.from}::date and ${range.to}::date
      and m.month + (d.day - 1) < m.month + interval '1 month' and ${step("days_with_row")} > 0`);
};

/** Brings stale months up to date in small steps, one run at a time; ends when none is left. */
export const openRefresher = (db: Kysely<DB>, onFailure: (error: unknown) => void) => {
  const closing = new AbortController();
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const { rows } = await sql<{ done: number }>`
        select marts.refresh_campaign_months(${monthsAtOnce}) as done`.execute(db);
      if ((rows[0]?.done ?? 0) === 0) return;
    }
  };
  return {
    /** Starts it unless it runs; an answer never waits for it. */
    start: (): void => {
      if (closing.signal.aborted) return;
      running ??= run()
        .catch(onFailure)
        .finally(() => {
          running = undefined;
        });
    },
    close: async (): Promise<void> => {
      closing.abort();
      await running;
    },
  };
};
