import { sql } from "kysely";
import { z } from "zod";
import { countDays } from "../../domain/day.ts";
import type { CurrencyChoice, Figures, Overview, Period, Range } from "./answers.ts";
import { chooseCurrency, currencyOf, figureNames, figures, inCurrency, sums, sumsOfSums } from "./money.ts";
import {
  accountKeys,
  currencyKey,
  filterKeys,
  rangeBefore,
  rangeKeys,
  resolveRange,
  within,
} from "./query.ts";
import type { Read } from "./read.ts";

const { platform, account } = filterKeys;

export const overviewQuery = z.strictObject({
  ...rangeKeys,
  ...currencyKey,
  platform,
  account,
  grain: z.enum(["day", "week", "month"], "is none of day, week, month").optional(),
});

const grainOf = (range: Range): Overview["grain"] => {
  const days = countDays(range);
  return days <= 120 ? "day" : days <= 800 ? "week" : "month";
};

type Keys = readonly number[] | undefined;

type Sums = Figures & { readonly currency: string | null };

type Line = Period & Sums;

/** The periods of each platform, and after them, without a date, what they add up to: one pass over the days. */
const lines = (
  read: Read,
  range: Range,
  keys: Keys,
  choice: CurrencyChoice,
  grain: Overview["grain"],
): Promise<readonly (Omit<Line, "date"> & { readonly date: string | null })[]> =>
  read(sql`
    with period as materialized (
      select date_trunc(${sql.lit(grain)}, m.date::timestamp)::date as date, m.platform,
             ${currencyOf(choice)} as currency, ${sums(choice)},
             case when count(*) = count(m.projected_conversions) then sum(m.projected_conversions) end as projected_conversions
      from marts.cost_per_conversion_by_account_daily m
      where ${within(range, keys)} ${inCurrency(choice)}
      group by 1, 2, 3
    )
    select g.date, g.platform, g.currency, ${figures}, g.is_final,
           case when not g.is_final then g.spend / nullif(g.projected_conversions, 0) end as projected_cost_per_conversion
    from period g
    union all
    select null, null, g.currency, ${figures}, g.is_final, null
    from (select g.currency, ${sumsOfSums} from period g group by g.currency) g
    order by date nulls last, platform, spend desc nulls last, currency`);

const figuresOf = (line: Figures): Figures =>
  Object.fromEntries(figureNames.map((name) => [name, line[name]])) as unknown as Figures;

const periodOf = (line: Line): Period => ({
  date: line.date,
  platform: line.platform,
  currency: line.currency,
  spend: line.spend,
  conversions: line.conversions,
  conversion_value: line.conversion_value,
  cost_per_conversion: line.cost_per_conversion,
  projected_cost_per_conversion: line.projected_cost_per_conversion,
  return_on_ad_spend: line.return_on_ad_spend,
  is_final: line.is_final,
});

const tiles = (read: Read, range: Range, keys: Keys, choice: CurrencyChoice): Promise<readonly Sums[]> =>
  read<Sums>(sql`
    select g.currency, ${figures}
    from (
      select ${currencyOf(choice)} as currency, ${sums(choice)}
      from marts.cost_per_conversion_by_account_daily m
      where ${within(range, keys)} ${inCurrency(choice)}
      group by 1
    ) g`);

const countGaps = async (read: Read, range: Range, keys: Keys): Promise<number> => {
  const [row] = await read<{ gaps: number }>(sql`
    select count(*)::int as gaps
    from ops.account_day d
    join warehouse.account a
      on a.platform = d.platform and a.account_id = d.account_id
      and d.date between coalesce(a.series_from, '-infinity') and coalesce(a.series_to, 'infinity')
    where d.date between ${range.from}::date and ${range.to}::date
      and (d.state in ('not_fetched', 'failed') or ops.differs(d))
      ${keys === undefined ? sql`` : sql`and a.account_key = any(${[...keys]}::int[])`}`);
  return row?.gaps ?? 0;
};

/** Every platform over time, and the range's sums against as many days before. */
export const overview = async (read: Read, query: z.infer<typeof overviewQuery>): Promise<Overview> => {
  const range = await resolveRange(read, query);
  const currency = await chooseCurrency(read, query.currency);
  const keys = await accountKeys(read, query);
  const grain = query.grain ?? grainOf(range);
  const before = rangeBefore(range);
  const all = await lines(read, range, keys, currency, grain);
  const earlier = await tiles(read, before, keys, currency);
  const isPeriod = (line: (typeof all)[number]): line is Line => line.date !== null;
  const periods = all.filter(isPeriod).map(periodOf);
  return {
    range,
    before,
    grain,
    currency,
    groups: all
      .filter((line) => !isPeriod(line))
      .map((now) => {
        const then = earlier.find((tile) => tile.currency === now.currency);
        return {
          currency: now.currency,
          now: figuresOf(now),
          before: then === undefined ? null : figuresOf(then),
          periods: periods.filter((period) => period.currency === now.currency),
        };
      }),
    gaps: await countGaps(read, range, keys),
  };
};
