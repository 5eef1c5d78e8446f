import { sql } from "kysely";
import { z } from "zod";
import { countDays } from "../../domain/day.ts";
import type { CurrencyChoice, Figures, Overview, Period, Range } from "./answers.ts";
import { chooseCurrency, currencyOf, figures, inCurrency, spendOf, sums, valueOf } from "./money.ts";
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

const periods = (
  read: Read,
  range: Range,
  keys: Keys,
  choice: CurrencyChoice,
  grain: Overview["grain"],
): Promise<readonly Period[]> =>
  read<Period>(sql`
    select g.date, g.platform, g.currency, g.spend, g.conversions, g.conversion_value,
           g.spend / nullif(g.conversions, 0) as cost_per_conversion,
           case when not g.is_final then g.spend / nullif(g.projected_conversions, 0) end as projected_cost_per_conversion,
           g.conversion_value / nullif(g.spend, 0) as return_on_ad_spend, g.is_final
    from (
      select date_trunc(${sql.lit(grain)}, m.date)::date as date, m.platform, ${currencyOf(choice)} as currency,
             ${spendOf(choice)} as spend, sum(m.conversions) as conversions, ${valueOf(choice)} as conversion_value,
             case when count(*) = count(m.projected_conversions) then sum(m.projected_conversions) end as projected_conversions,
             bool_and(m.is_final) as is_final
      from marts.cost_per_conversion_by_account_daily m
      where ${within(range, keys)} ${inCurrency(choice)}
      group by 1, 2, 3
    ) g
    order by g.date, g.platform`);

type Tile = Figures & { readonly currency: string | null };

const tiles = (read: Read, range: Range, keys: Keys, choice: CurrencyChoice): Promise<readonly Tile[]> =>
  read<Tile>(sql`
    select g.currency, ${figures}
    from (
      select ${currencyOf(choice)} as currency, ${sums(choice)}
      from marts.cost_per_conversion_by_account_daily m
      where ${within(range, keys)} ${inCurrency(choice)}
      group by 1
    ) g
    order by g.spend desc nulls last, g.currency`);

const countGaps = async (read: Read, range: Range, keys: Keys): Promise<number> => {
  const [row] = await read<{ gaps: number }>(sql`
    select count(*)::int as gaps
    from ops.account_day d
    join warehouse.account a using (platform, account_id)
    where d.date between ${range.from}::date and ${range.to}::date
      and (d.state in ('not_fetched', 'failed') or d.difference <> 0)
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
  const now = await tiles(read, range, keys, currency);
  const earlier = await tiles(read, before, keys, currency);
  const all = await periods(read, range, keys, currency, grain);
  return {
    range,
    before,
    grain,
    currency,
    groups: now.map(({ currency: code, ...sum }) => {
      const then = earlier.find((tile) => tile.currency === code);
      return {
        currency: code,
        now: sum,
        before: then ?? null,
        periods: all.filter((period) => period.currency === code),
      };
    }),
    gaps: await countGaps(read, range, keys),
  };
};
