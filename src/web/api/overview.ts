import { type RawBuilder, sql } from "kysely";
import * as z from "zod";
import { addDays, countDays } from "../../domain/day.ts";
import type { Comparison, CurrencyChoice, ExpectedFigures, Overview, Period, Range } from "./answers.ts";
import { countGaps, wholeInBoth } from "./coverage.ts";
import {
  chooseCurrency,
  currencyOf,
  figureNames,
  figures,
  inCurrency,
  sums,
  sumsOfSums,
  whole,
} from "./money.ts";
import { accountKeys, currencyKey, filterKeys, type Keys, within } from "./query.ts";
import { comparedRange, compareKey, rangeKeys, resolveRange } from "./ranges.ts";
import type { Read } from "./read.ts";

export const overviewQuery = z.strictObject({
  ...rangeKeys,
  ...currencyKey,
  ...filterKeys,
  ...compareKey,
  grain: z.enum(["day", "week", "month"], "is none of day, week, month").optional(),
});

const grainOf = (range: Range): Overview["grain"] => {
  const days = countDays(range);
  return days <= 120 ? "day" : days <= 800 ? "week" : "month";
};

/** A line needs more than one day: a single one is shown at the end of its month. */
const drawnOf = (range: Range): Range =>
  range.from === range.to ? { from: addDays(range.to, -29), to: range.to } : range;

type Sums = ExpectedFigures & { readonly currency: string | null };

type Line = Period & Sums;

interface Rows {
  readonly keys: Keys;
  readonly campaign: string | undefined;
  readonly choice: CurrencyChoice;
}

/** Account-days are enough, unless one campaign is asked for. */
const martOf = ({ campaign }: Rows): RawBuilder<unknown> =>
  campaign === undefined
    ? sql`marts.cost_per_conversion_by_account_daily m`
    : sql`marts.cost_per_conversion_daily m`;

const rowsIn = (range: Range, { keys, campaign, choice }: Rows): RawBuilder<unknown> =>
  sql`${within(range, keys, campaign)} ${inCurrency(choice)}`;

// The mart of the campaigns has no projection for final days, that of the accounts their conversions.
const projected = "coalesce(m.projected_conversions, case when m.is_final then m.conversions end)";

const projectedSum = sql`${whole(projected)} as projected_conversions`;

const projectedOfSums = sql`${whole("g.projected_conversions")} as projected_conversions`;

const expectedCost = sql`g.spend / nullif(g.projected_conversions, 0)`;

/** The periods of each platform and of all together, and after them, without a date, what those of the range add up to. */
const lines = (
  read: Read,
  { range, drawn }: { readonly range: Range; readonly drawn: Range },
  rows: Rows,
  grain: Overview["grain"],
): Promise<readonly (Omit<Line, "date"> & { readonly date: string | null })[]> =>
  read(sql`
    with period as materialized (
      select date_trunc(${sql.lit(grain)}, m.date::timestamp)::date as date, m.platform,
             ${currencyOf(rows.choice)} as currency, ${sums(rows.choice)}, ${projectedSum}
      from ${martOf(rows)}
      where ${rowsIn(drawn, rows)}
      group by 1, 2, 3
    )
    select g.date, g.platform, g.currency, ${figures}, g.is_final, g.projected_conversions,
           case when not g.is_final then ${expectedCost} end as projected_cost_per_conversion
    from (
      select g.date, g.platform, g.currency, g.spend, g.impressions, g.clicks, g.conversions, g.conversion_value,
             g.organic_conversions, g.is_final, g.projected_conversions
      from period g
      union all
      select g.date, '', g.currency, ${sumsOfSums}, ${projectedOfSums} from period g group by 1, 2, 3
    ) g
    union all
    select null, null, g.currency, ${figures}, g.is_final, g.projected_conversions, ${expectedCost}
    from (
      select g.currency, ${sumsOfSums}, ${projectedOfSums} from period g
      ${drawn === range ? sql`` : sql`where g.date = ${range.to}::date`}
      group by g.currency
    ) g
    order by date nulls last, platform, spend desc nulls last, currency`);

const sumsOf = (line: ExpectedFigures): ExpectedFigures => ({
  ...(Object.fromEntries(figureNames.map((name) => [name, line[name]])) as unknown as ExpectedFigures),
  projected_conversions: line.projected_conversions,
  projected_cost_per_conversion: line.projected_cost_per_conversion,
  is_final: line.is_final,
});

const periodOf = (line: Line): Period => ({
  date: line.date,
  platform: line.platform,
  currency: line.currency,
  spend: line.spend,
  conversions: line.conversions,
  conversion_value: line.conversion_value,
  cost_per_conversion: line.cost_per_conversion,
  projected_conversions: line.projected_conversions,
  projected_cost_per_conversion: line.projected_cost_per_conversion,
  return_on_ad_spend: line.return_on_ad_spend,
  is_final: line.is_final,
});

/** What the days of a range add up to, by currency. */
const totals = async (read: Read, range: Range, rows: Rows): Promise<ReadonlyMap<string | null, Sums>> => {
  const found = await read<Sums>(sql`
    select g.currency, ${figures}, g.is_final, g.projected_conversions, ${expectedCost} as projected_cost_per_conversion
    from (
      select ${currencyOf(rows.choice)} as currency, ${sums(rows.choice)}, ${projectedSum}
      from ${martOf(rows)} where ${rowsIn(range, rows)}
      group by 1
    ) g`);
  return new Map(found.map((line) => [line.currency, line]));
};

interface Compared {
  readonly left_out: number;
  readonly accounts: number;
  readonly of: (currency: string | null, now: ExpectedFigures) => Comparison | null;
}

/** Days that were not fetched whole compare with nothing: their accounts are left out on both sides. */
const compare = async (read: Read, range: Range, before: Range | null, rows: Rows): Promise<Compared> => {
  if (before === null) return { left_out: 0, accounts: 0, of: () => null };
  const { whole, partial } = await wholeInBoth(read, range, before, rows.keys);
  const kept = partial.length === 0 ? rows : { ...rows, keys: whole };
  const then = await totals(read, before, kept);
  const here = partial.length === 0 ? undefined : await totals(read, range, kept);
  return {
    left_out: partial.length,
    accounts: partial.length + whole.length,
    of: (currency, all) => {
      const now = here === undefined ? all : here.get(currency);
      const earlier = then.get(currency);
      return now === undefined || earlier === undefined
        ? null
        : { now: sumsOf(now), before: sumsOf(earlier) };
    },
  };
};

/** Every platform over time, and the range's sums against those of other days. */
export const overview = async (read: Read, query: z.infer<typeof overviewQuery>): Promise<Overview> => {
  const range = await resolveRange(read, query);
  const choice = await chooseCurrency(read, query.currency);
  const keys = await accountKeys(read, query);
  const rows: Rows = { keys, campaign: query.campaign, choice };
  const drawn = drawnOf(range);
  const grain = query.grain ?? grainOf(drawn);
  const before = comparedRange(range, query);
  const all = await lines(read, { range, drawn: grain === "day" ? drawn : range }, rows, grain);
  const compared = await compare(read, range, before, rows);
  const isPeriod = (line: (typeof all)[number]): line is Line => line.date !== null;
  const periods = all.filter(isPeriod).map(periodOf);
  return {
    range,
    before,
    grain,
    drawn: grain === "day" ? drawn : range,
    currency: choice,
    groups: all
      .filter((line) => !isPeriod(line))
      .map((now) => ({
        currency: now.currency,
        now: sumsOf(now),
        compared: compared.of(now.currency, now),
        periods: periods.filter((period) => period.currency === now.currency),
      })),
    gaps: await countGaps(read, range, keys),
    left_out: compared.left_out,
    accounts: compared.accounts,
  };
};
