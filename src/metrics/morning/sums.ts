import { type RawBuilder, sql } from "kysely";
import type { DayRange } from "../../domain/day.ts";
import type { Decimal } from "../../domain/decimal.ts";
import type { Read } from "../../warehouse/reading.ts";
import type { Method } from "./answer.ts";

/** Whether amounts are read in the reporting currency, or in each account's own, currencies apart. */
export interface AmountsIn {
  readonly reporting: string | null;
}

/** What the days of the period came to on one platform. */
export interface PlatformSums {
  readonly platform: string;
  readonly currency: string;
  readonly spend: Decimal | null;
  readonly clicks: Decimal;
  readonly conversions: Decimal;
  readonly expected_conversions: Decimal | null;
  readonly is_final: boolean;
}

const keysOf = (keys: readonly number[]): RawBuilder<unknown> => sql`any (${[...keys]}::int[])`;

/** Sums of whole account-days, one row a platform and currency. An amount without a rate makes its sum unknown. */
export const readSums = (
  read: Read,
  { keys, period, money }: { keys: readonly number[]; period: DayRange; money: AmountsIn },
): Promise<readonly PlatformSums[]> => {
  const spend = money.reporting === null ? sql`m.spend` : sql`m.spend_reporting`;
  const currency = money.reporting === null ? sql`m.currency` : sql`${money.reporting}::text`;
  return read(sql`
    select m.platform, ${currency} as currency,
           case when count(*) = count(${spend}) then sum(${spend}) end as spend,
           sum(m.clicks) as clicks, sum(m.conversions) as conversions,
           case when count(*) = count(m.projected_conversions) then sum(m.projected_conversions) end
             as expected_conversions,
           bool_and(m.is_final) as is_final
    from marts.cost_per_conversion_by_account_daily m
    where m.account_key = ${keysOf(keys)} and m.date between ${period.from}::date and ${period.to}::date
    group by 1, 2 order by 1, 2`);
};

/**
 * What a comparison is made of, for one platform and currency. `0` is then, `1` is now. `spend_10` is what the clicks
 * of now had cost at the prices of then, campaign by campaign, `conversions_10` what they had converted at the rates of
 * then; `_01` the other way round. `other_` is what belongs to campaigns that were billed or converted without a click.
 */
export interface PairSums {
  readonly platform: string;
  readonly currency: string;
  readonly unknown: boolean;
  readonly clicks_0: Decimal;
  readonly clicks_1: Decimal;
  readonly spend_00: Decimal;
  readonly spend_01: Decimal;
  readonly spend_10: Decimal;
  readonly spend_11: Decimal;
  readonly conversions_00: Decimal;
  readonly conversions_01: Decimal;
  readonly conversions_10: Decimal;
  readonly conversions_11: Decimal;
  readonly other_spend_0: Decimal;
  readonly other_spend_1: Decimal;
  readonly other_conversions_0: Decimal;
  readonly other_conversions_1: Decimal;
}

export interface CampaignSums {
  readonly currency: string;
  readonly platform: string;
  readonly account_id: string;
  readonly account_name: string | null;
  readonly campaign_id: string;
  readonly campaign_name: string | null;
  readonly contribution: Decimal;
  readonly spend_0: Decimal;
  readonly spend_1: Decimal;
  readonly conversions_0: Decimal;
  readonly conversions_1: Decimal;
}

interface Question {
  readonly keys: readonly number[];
  readonly period: DayRange;
  readonly shift: number;
  readonly method: Method;
  readonly money: AmountsIn;
}

/** The account-days of both sides `d`: how complete each is, and until when a day of before counts as known. */
const accountDays = ({ keys, period, shift, money }: Question): RawBuilder<unknown> => sql`
  select a.account_key, s.side, g.day::date - s.back as date,
         case when ${money.reporting}::text is null then a.currency else ${money.reporting} end as currency,
         case when ${money.reporting}::text is not null
           then warehouse.rate_on(g.day::date - s.back, a.currency, ${money.reporting}) end as rate,
         case when g.day::date - s.back < t.today - a.restatement_days then 1 else m.share end as share,
         ((f.fetched_at at time zone a.time_zone)::date - s.back + 1)::timestamp at time zone a.time_zone as known_until
  from warehouse.account a
  cross join generate_series(${period.from}::date, ${period.to}::date, interval '1 day') g (day)
  cross join (values (0, ${shift}::int), (1, 0)) s (side, back)
  left join ops.account_day f
    on f.platform = a.platform and f.account_id = a.account_id and f.date = g.day::date
  left join ops.rollup_day t on t.account_key = a.account_key
  left join marts.conversion_maturity m
    on m.platform = a.platform and m.account_id = a.account_id and m.age_days = t.today - (g.day::date - s.back)
  where a.account_key = ${keysOf(keys)}`;

/** Rows of campaign-days: what each side of the comparison says of them. */
const campaignDays = ({ method, money }: Question): RawBuilder<unknown> => {
  const present = money.reporting === null ? sql`m.spend` : sql`m.spend_reporting`;
  if (method === "projection")
    return sql`
      select d.side, m.account_key, m.campaign_id, d.currency, ${present} as spend, m.clicks,
             m.conversions / d.share as conversions
      from account_day d
      join figures.cost_per_conversion_daily m on m.account_key = d.account_key and m.date = d.date`;
  const past = money.reporting === null ? sql`h.spend` : sql`figures.ratio(h.spend * d.rate, 1)`;
  return sql`
    select d.side, m.account_key, m.campaign_id, d.currency, ${present} as spend, m.clicks, m.conversions
    from account_day d
    join figures.cost_per_conversion_daily m on m.account_key = d.account_key and m.date = d.date
    where d.side = 1
    union all
    select d.side, d.account_key, h.campaign_id, d.currency, ${past}, h.clicks, h.conversions
    from account_day d
    cross join lateral (
      select distinct on (h.campaign_id) h.campaign_id, h.spend, h.clicks, h.conversions
      from marts.cost_per_conversion_history h
      where h.account_key = d.account_key and h.date = d.date and h.observed_at < d.known_until
      order by h.campaign_id, h.observed_at desc
    ) h
    where d.side = 0 and h.spend is not null`;
};

/**
 * Both sides of the comparison, campaign by campaign (`pair`). A campaign that is there on one side only has no price
 * and rate on the other: it is lent its own, so that it changes the mix and nothing else.
 */
const pairs = (question: Question): RawBuilder<unknown> => sql`
  account_day as materialized (${accountDays(question)}),
  campaign_day as (${campaignDays(question)}),
  pair as materialized (
    select account_key, campaign_id, currency, bool_or(spend is null) as unknown,
           coalesce(sum(spend) filter (where side = 0), 0) as spend_0,
           coalesce(sum(spend) filter (where side = 1), 0) as spend_1,
           coalesce(sum(clicks) filter (where side = 0), 0) as clicks_0,
           coalesce(sum(clicks) filter (where side = 1), 0) as clicks_1,
           coalesce(sum(conversions) filter (where side = 0), 0) as conversions_0,
           coalesce(sum(conversions) filter (where side = 1), 0) as conversions_1
    from campaign_day group by account_key, campaign_id, currency
  )`;

const ifClicked = sql`filter (where p.clicked)`;
const ifNot = sql`filter (where not p.clicked)`;

/** @returns one row a platform and currency, each side summed over the campaigns of accounts that can be compared. */
export const readPairs = (read: Read, question: Question): Promise<readonly PairSums[]> => {
  const crossed = (measure: "spend" | "conversions"): RawBuilder<unknown> => {
    const [then, now] = [sql.ref(`p.${measure}_0`), sql.ref(`p.${measure}_1`)];
    return sql`
      coalesce(sum(case when p.clicks_1 = 0 then ${then} else p.clicks_0 * ${now} / p.clicks_1 end) ${ifClicked}, 0)
        as ${sql.ref(`${measure}_01`)},
      coalesce(sum(case when p.clicks_0 = 0 then ${now} else p.clicks_1 * ${then} / p.clicks_0 end) ${ifClicked}, 0)
        as ${sql.ref(`${measure}_10`)},
      coalesce(sum(${then}) ${ifClicked}, 0) as ${sql.ref(`${measure}_00`)},
      coalesce(sum(${now}) ${ifClicked}, 0) as ${sql.ref(`${measure}_11`)},
      coalesce(sum(${then}) ${ifNot}, 0) as ${sql.ref(`other_${measure}_0`)},
      coalesce(sum(${now}) ${ifNot}, 0) as ${sql.ref(`other_${measure}_1`)}`;
  };
  return read(sql`
    with ${pairs(question)}
    select a.platform, p.currency, bool_or(p.unknown) as unknown, sum(p.clicks_0) as clicks_0,
           sum(p.clicks_1) as clicks_1, ${crossed("spend")}, ${crossed("conversions")}
    from (
      select *, (clicks_0 > 0 or clicks_1 > 0)
                and (clicks_0 > 0 or (spend_0 = 0 and conversions_0 = 0))
                and (clicks_1 > 0 or (spend_1 = 0 and conversions_1 = 0)) as clicked
      from pair
    ) p
    join warehouse.account a on a.account_key = p.account_key
    group by 1, 2 order by 1, 2`);
};

/** How many campaigns are named. */
const moversNamed = 5;

/**
 * The campaigns that moved the cost of all most, per currency. With C~ = (S0 + S1) / (N0 + N1), a campaign's part is
 * what its spend rose beyond C~ for each conversion that it gained, over the conversions of all; these parts add up to
 * S1 / N1 - S0 / N0. A campaign that grows at the common cost has none. See docs/morning.md.
 */
export const readMovers = (read: Read, question: Question): Promise<readonly CampaignSums[]> =>
  read(sql`
    with ${pairs(question)},
    whole as (
      select currency, sum(spend_0) as s0, sum(spend_1) as s1, sum(conversions_0) as n0, sum(conversions_1) as n1
      from pair group by currency having bool_and(not unknown)
    ),
    factor as (
      select currency, (1 / n0 + 1 / n1) / 2 as per_spend, (s0 + s1) / (2 * n0 * n1) as per_conversion
      from whole where n0 > 0 and n1 > 0
    ),
    moved as (
      select p.*, round((p.spend_1 - p.spend_0) * f.per_spend
                        - (p.conversions_1 - p.conversions_0) * f.per_conversion, 6) as contribution
      from pair p join factor f using (currency)
    ),
    ranked as (
      select *, row_number() over (
        partition by currency order by abs(contribution) desc, account_key, campaign_id) as place
      from moved where contribution <> 0
    )
    select r.currency, a.platform, a.account_id, a.name as account_name, r.campaign_id, c.name as campaign_name,
           r.contribution, r.spend_0, r.spend_1, round(r.conversions_0, 6) as conversions_0,
           round(r.conversions_1, 6) as conversions_1
    from ranked r
    join warehouse.account a on a.account_key = r.account_key
    left join warehouse.campaign c on c.account_key = r.account_key and c.campaign_id = r.campaign_id
    where r.place <= ${moversNamed}
    order by r.currency, r.place`);
