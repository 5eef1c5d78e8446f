import { type BreakdownName, breakdownKeys, breakdowns, unknownPart } from "../../domain/breakdown.ts";

/**
 * What the figures of an account's days should be, computed from the facts. `$1` is the account, `$2` the days, `$3` the
 * reporting currency or NULL, `$4` the days' rates into it. A level is the sum of the one below it, so that every level adds up to the same day.
 */

/** How the rows of a table of figures are told apart, and what of them moves refreshed_at when it changes. */
export interface Mart {
  /** In schema figures; of a mart, the view of that name in marts adds names, ratios and finality. */
  readonly name: string;
  readonly key: readonly string[];
  readonly figures: readonly string[];
  readonly fresh: string;
}

/** Traffic that somebody paid for: the one predicate of paid against organic for the ad platforms' own figures. */
export const paid = "traffic = 'paid'";

const summed = ["spend", "impressions", "clicks", "conversions", "conversion_value", "organic_conversions"];
const reporting = ["reporting_currency", "spend_reporting", "conversion_value_reporting"];

/** The account and its rates: they name every parameter, so that each has a type. */
export const account = `
  account as (select account_key, currency from warehouse.account where account_key = $1),
  rates as (
    select d.date, d.rate from unnest($2::date[], $4::numeric[]) as d (date, rate) where $3::text is not null
  )`;

/** NULL in place of a figure that a column of the marts cannot hold: one odd value must not stop a whole rollup. */
export const storable = (figure: string): string => `figures.storable(${figure})`;

/** The figures of `figures` in both currencies. Amounts are converted first, per day, and divided afterwards. */
const measured = (key: readonly string[]): string => `
  select a.account_key, ${key.map((column) => `f.${column}`).join(", ")}, a.currency,
         ${summed.map((column) => `f.${column}`).join(", ")}, $3::text as reporting_currency,
         ${storable("f.spend * r.rate")} as spend_reporting,
         ${storable("f.conversion_value * r.rate")} as conversion_value_reporting
  from figures f
  cross join account a
  left join rates r on r.date = f.date`;

export const ofDays = "account_key = $1 and date = any ($2::date[])";

interface Facts {
  /** Spend, impressions and clicks. */
  readonly delivery: string;
  /** Every conversion, counted or not. */
  readonly conversions: string;
  readonly counted: string;
}

/**
 * Figures from facts, added up in one pass: a row as soon as any fact of it is stored, an uncounted or organic
 * conversion too.
 */
const factSums = (key: readonly string[], facts: Facts): string => {
  const keys = key.join(", ");
  return `
    select ${keys}, sum(spend) as spend, sum(impressions)::bigint as impressions, sum(clicks)::bigint as clicks,
           sum(conversions) as conversions, sum(conversion_value) as conversion_value,
           sum(organic_conversions) as organic_conversions
    from (
      select ${keys}, sum(spend) as spend, sum(impressions) as impressions, sum(clicks) as clicks, 0 as conversions,
             0 as conversion_value, 0 as organic_conversions
      from ${facts.delivery} where ${ofDays} group by ${keys}
      union all
      select distinct ${keys}, 0, 0, 0, 0, 0, 0 from ${facts.conversions} where ${ofDays}
      union all
      select ${keys}, 0, 0, 0, coalesce(sum(conversions) filter (where ${paid}), 0),
             coalesce(sum(conversion_value) filter (where ${paid}), 0),
             coalesce(sum(conversions) filter (where not (${paid})), 0)
      from ${facts.counted} where ${ofDays} group by ${keys}
    ) facts
    group by ${keys}
`;
};

const fromFacts = (name: string, key: readonly string[], facts: Facts): Mart => ({
  name,
  key,
  figures: ["currency", ...summed, ...reporting],
  fresh: `
  with ${account},
  figures as (${factSums(key, facts)})
  ${measured(key)}`,
});

/** Figures of a level as the sums of the level below, which is made just before. */
const fromBelow = (name: string, key: readonly string[], below: Mart): Mart => ({
  name,
  key,
  figures: below.figures,
  fresh: `
  with ${account},
  figures as (
    select ${key.join(", ")}, sum(spend) as spend, sum(impressions)::bigint as impressions,
           sum(clicks)::bigint as clicks, sum(conversions) as conversions, sum(conversion_value) as conversion_value,
           sum(organic_conversions) as organic_conversions
    from figures.${below.name} where ${ofDays}
    group by ${key.join(", ")}
  )
  ${measured(key)}`,
});

const byAdGroup = fromFacts("cost_per_conversion_by_ad_group_daily", ["date", "campaign_id", "ad_group_id"], {
  delivery: "warehouse.ad_daily",
  conversions: "warehouse.conversion_daily",
  counted: "warehouse.counted_conversion_daily",
});

const daily = fromBelow("cost_per_conversion_daily", ["date", "campaign_id"], byAdGroup);

const byNetwork = fromFacts("cost_per_conversion_by_network_daily", ["date", "campaign_id", "network"], {
  delivery: "warehouse.network_daily",
  conversions: "warehouse.network_conversion_daily",
  counted: "warehouse.counted_network_conversion_daily",
});

const byAction: Mart = {
  name: "cost_per_conversion_by_action_daily",
  key: ["date", "campaign_id", "conversion_action_id"],
  figures: [
    "currency",
    "conversions",
    "conversion_value",
    "cost_per_conversion",
    "reporting_currency",
    "conversion_value_reporting",
    "cost_per_conversion_reporting",
  ],
  fresh: `
  with ${account},
  delivery as (select date, campaign_id, spend from figures.${daily.name} where ${ofDays}),
  actions as (
    select date, campaign_id, conversion_action_id, sum(conversions) as conversions,
           sum(conversion_value) as conversion_value
    from warehouse.counted_conversion_daily
    where ${ofDays} and ${paid}
    group by date, campaign_id, conversion_action_id
    having sum(conversions) <> 0 or sum(conversion_value) <> 0
  )
  select a.account_key, f.date, f.campaign_id, f.conversion_action_id, a.currency, f.conversions, f.conversion_value,
         figures.ratio(coalesce(d.spend, 0), f.conversions) as cost_per_conversion,
         $3::text as reporting_currency,
         ${storable("f.conversion_value * r.rate")} as conversion_value_reporting,
         figures.ratio(coalesce(d.spend, 0) * r.rate, f.conversions) as cost_per_conversion_reporting
  from actions f
  cross join account a
  left join delivery d using (date, campaign_id)
  left join rates r on r.date = f.date`,
};

/**
 * Campaign-days by a breakdown, on the days that were brought. The row unknown holds what the platform reports of the
 * campaign-day and not so; it is negative where the parts come to more.
 */
const byBreakdown = (breakdown: BreakdownName): Mart => {
  const key = ["date", "campaign_id", ...breakdownKeys[breakdown]];
  const keys = key.join(", ");
  const unknownKey = breakdownKeys[breakdown].map((column, index, columns) =>
    index === columns.length - 1 ? `'${unknownPart}' as ${column}` : `'' as ${column}`,
  );
  const sums = summed.map((figure) => `sum(${figure})`).join(", ");
  return {
    name: `cost_per_conversion_by_${breakdown}_daily`,
    key,
    figures: daily.figures,
    fresh: `
  with ${account},
  brought as (select date from ops.breakdown_day where ${ofDays} and breakdown = '${breakdown}'),
  parts as (${factSums(key, {
    delivery: `warehouse.${breakdown}_daily`,
    conversions: `warehouse.${breakdown}_conversion_daily`,
    counted: `warehouse.counted_${breakdown}_conversion_daily`,
  })}),
  rest as (
    select date, campaign_id, ${summed.map((figure) => `sum(${figure}) as ${figure}`).join(", ")}
    from (
      select date, campaign_id, false as is_part, ${summed.join(", ")} from figures.${daily.name} where ${ofDays}
      union all
      select date, campaign_id, true, ${summed.map((figure) => `-${figure}`).join(", ")} from parts
    ) both_sides
    group by date, campaign_id
    having (${sums}) <> (${summed.map(() => "0").join(", ")}) or not bool_or(is_part)
  ),
  figures as (
    select ${keys}, sum(spend) as spend, sum(impressions)::bigint as impressions, sum(clicks)::bigint as clicks,
           sum(conversions) as conversions, sum(conversion_value) as conversion_value,
           sum(organic_conversions) as organic_conversions
    from (
      select ${keys}, ${summed.join(", ")} from parts
      union all
      select date, campaign_id, ${unknownKey.join(", ")}, ${summed.join(", ")} from rest
    ) complete
    join brought using (date)
    group by ${keys}
  )
  ${measured(key)}`,
  };
};

/** Made after the others, of accounts and days that were asked for so. */
export const breakdownMarts = Object.fromEntries(
  breakdowns.map((breakdown) => [breakdown, byBreakdown(breakdown)]),
) as Readonly<Record<BreakdownName, Mart>>;

/** In the order in which they are made. Rows by ad are the facts themselves and are stored nowhere else. */
export const marts = { byAdGroup, daily, byNetwork, byAction };
