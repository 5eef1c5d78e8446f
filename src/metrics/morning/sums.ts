import { type RawBuilder, sql } from "kysely";
import type { DayRange } from "../../domain/day.ts";
import type { Decimal } from "../../domain/decimal.ts";
import type { Read } from "../../warehouse/reading.ts";
import { wholeSum } from "../whole-sum.ts";
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
  const spend = money.reporting === null ? "m.spend" : "m.spend_reporting";
  const currency = money.reporting === null ? sql`m.currency` : sql`${money.reporting}::text`;
  return read(sql`
    select m.platform, ${currency} as currency,
           ${sql.raw(wholeSum(spend))} as spend,
           sum(m.clicks) as clicks, sum(m.conversions) as conversions,
           ${sql.raw(wholeSum("m.projected_conversions"))} as expected_conversions,
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
         case when g.day::date - s.back < ops.first_open_day(t.today, a.restatement_days) then 1 else m.share end as share,
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

/**
 * The campaign-days of a side of the comparison: as they are known now, as they were known at the same age, or as they
 * are expected to end. Each account-day is a short stretch of the primary key.
 */
const campaignDays = ({ method, money }: Question, side: 0 | 1): RawBuilder<unknown> => {
  const isPast = method === "same_age" && side === 0;
  const reporting = money.reporting !== null;
  const spend = !reporting
    ? sql`m.spend`
    : isPast
      ? sql`figures.storable(m.spend * m.rate)`
      : sql`m.spend_reporting`;
  const rows = isPast
    ? sql`
        select distinct on (h.account_key, h.date, h.campaign_id)
               h.account_key, d.currency, d.rate, h.campaign_id, h.spend, h.clicks, h.conversions
        from account_day d
        join marts.cost_per_conversion_history h
          on h.account_key = d.account_key and h.date = d.date and h.observed_at < d.known_until
        where d.side = ${sql.lit(side)}
        order by h.account_key, h.date, h.campaign_id, h.observed_at desc`
    : sql`
        select f.account_key, d.currency, d.share, f.campaign_id, f.spend, f.spend_reporting, f.clicks, f.conversions
        from account_day d
        join figures.cost_per_conversion_daily f on f.account_key = d.account_key and f.date = d.date
        where d.side = ${sql.lit(side)}`;
  return sql`
    select m.account_key, m.currency, m.campaign_id, ${spend} is null as unknown, coalesce(${spend}, 0) as spend,
           m.clicks, ${method === "projection" ? sql`round(m.conversions / m.share, 9)` : sql`m.conversions`} as conversions
    from (${rows}) m ${isPast ? sql`where m.spend is not null` : sql``}`;
};

/** One row a campaign: a single day has no more, and to add up nothing would take longest. */
const campaignsOf = (question: Question, side: 0 | 1): RawBuilder<unknown> =>
  question.period.from === question.period.to
    ? campaignDays(question, side)
    : sql`
        select account_key, currency, campaign_id, bool_or(unknown) as unknown, sum(spend) as spend,
               sum(clicks) as clicks, sum(conversions) as conversions
        from (${campaignDays(question, side)}) c group by account_key, currency, campaign_id`;

/**
 * Both sides of the comparison, campaign by campaign (`pair`). A campaign that is there on one side only has no price
 * and rate on the other: it is lent its own, so that it changes the mix and nothing else.
 */
const pairs = (question: Question): RawBuilder<unknown> => sql`
  account_day as materialized (${accountDays(question)}),
  before as materialized (${campaignsOf(question, 0)}),
  now as materialized (${campaignsOf(question, 1)}),
  pair as materialized (
    select account_key, campaign_id, currency, coalesce(b.unknown, false) or coalesce(n.unknown, false) as unknown,
           coalesce(b.spend, 0) as spend_0, coalesce(n.spend, 0) as spend_1,
           coalesce(b.clicks, 0)::numeric as clicks_0, coalesce(n.clicks, 0)::numeric as clicks_1,
           coalesce(b.conversions, 0) as conversions_0, coalesce(n.conversions, 0) as conversions_1
    from before b full join now n using (account_key, campaign_id, currency)
  )`;

const ifClicked = sql`filter (where p.clicked)`;
const ifNot = sql`filter (where not p.clicked)`;

/** How many campaigns are named. */
const moversNamed = 5;

const pairColumns = ["spend", "conversions"].flatMap((measure) => [
  ...["01", "10", "00", "11"].map((sides) => `${measure}_${sides}`),
  `other_${measure}_0`,
  `other_${measure}_1`,
]);

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

/**
 * The comparison by platform and currency, each side summed over the campaigns of accounts that can be compared; and
 * the campaigns that moved the cost of all most, per currency. With C~ = (S0 + S1) / (N0 + N1), a campaign's part is
 * what its spend rose beyond C~ for each conversion that it gained, over the conversions of all; these parts add up to
 * S1 / N1 - S0 / N0. A campaign that grows at the common cost has none. See docs/morning.md.
 */
export const readComparison = async (
  read: Read,
  question: Question,
): Promise<{ readonly pairs: readonly PairSums[]; readonly movers: readonly CampaignSums[] }> => {
  const none = sql.join(pairColumns.map(() => sql`null::numeric`));
  const rows = await read<PairSums & CampaignSums & { readonly place: number | null }>(sql`
    with ${pairs(question)},
    by_platform as (
      select a.platform, p.currency, bool_or(p.unknown) as unknown, sum(p.clicks_0) as clicks_0,
             sum(p.clicks_1) as clicks_1, ${crossed("spend")}, ${crossed("conversions")}
      from (
        select *, (clicks_0 > 0 or clicks_1 > 0)
                  and (clicks_0 > 0 or (spend_0 = 0 and conversions_0 = 0))
                  and (clicks_1 > 0 or (spend_1 = 0 and conversions_1 = 0)) as clicked
        from pair
      ) p
      join warehouse.account a on a.account_key = p.account_key
      group by 1, 2
    ),
    whole as (
      select currency, bool_or(unknown) as unknown, sum(spend_00 + other_spend_0) as s0,
             sum(spend_11 + other_spend_1) as s1, sum(conversions_00 + other_conversions_0) as n0,
             sum(conversions_11 + other_conversions_1) as n1
      from by_platform group by currency
    ),
    factor as (
      select currency, (1 / n0 + 1 / n1) / 2 as per_spend, (s0 + s1) / (2 * n0 * n1) as per_conversion
      from whole where n0 > 0 and n1 > 0 and not unknown
    ),
    moved as (
      select * from (
        select p.currency, p.account_key, p.campaign_id, p.spend_0, p.spend_1, p.conversions_0, p.conversions_1,
               round(p.moves, 6) as contribution,
               row_number() over (partition by p.currency order by abs(p.moves) desc, p.account_key, p.campaign_id)
                 as nr
        from (
          select p.*, (p.spend_1 - p.spend_0) * f.per_spend
                      - (p.conversions_1 - p.conversions_0) * f.per_conversion as moves
          from factor f join pair p on p.currency = f.currency
        ) p
      ) p
      where p.nr <= ${moversNamed} and p.contribution <> 0
    )
    select null::bigint as place, platform, currency, unknown, clicks_0, clicks_1,
           ${sql.join(pairColumns.map((name) => sql.ref(name)))},
           null::text as account_id, null::text as account_name, null::text as campaign_id,
           null::text as campaign_name, null::numeric as contribution, null::numeric as spend_0,
           null::numeric as spend_1, null::numeric as conversions_0, null::numeric as conversions_1
    from by_platform
    union all
    select row_number() over (order by abs(m.contribution) desc, m.account_key, m.campaign_id), a.platform, m.currency,
           false, null, null, ${none}, a.account_id, a.name, m.campaign_id, c.name, m.contribution, m.spend_0,
           m.spend_1, round(m.conversions_0, 6), round(m.conversions_1, 6)
    from moved m
    join warehouse.account a on a.account_key = m.account_key
    left join warehouse.campaign c on c.account_key = m.account_key and c.campaign_id = m.campaign_id
    order by place nulls first, platform, currency`);
  return {
    pairs: rows.filter(({ place }) => place === null),
    movers: rows.filter(({ place }) => place !== null),
  };
};
