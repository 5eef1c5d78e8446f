import { type BreakdownName, breakdownKeys, breakdowns, unknownPart } from "../../domain/breakdown.ts";
import { factSums, ofDays, outcomesOf, paid } from "./facts.ts";

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
  /** Whether each change of it is kept in marts.cost_per_conversion_history. */
  readonly hasHistory?: boolean;
}

/** Marts that one statement makes, since they are made of the same facts: reading these costs most. */
export interface Together {
  /** Named queries that `fresh` of any of them may read. */
  readonly shared: string | null;
  readonly marts: readonly Mart[];
}

export const alone = (mart: Mart): Together => ({ shared: null, marts: [mart] });

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

const figures = ["currency", ...summed, ...reporting];

const adGroupKey = ["date", "campaign_id", "ad_group_id"];

const byAdGroup: Mart = {
  name: "cost_per_conversion_by_ad_group_daily",
  key: adGroupKey,
  figures,
  fresh: measured(adGroupKey),
};

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
  with delivery as (select date, campaign_id, sum(spend) as spend from figures group by date, campaign_id),
  actions as (
    select date, campaign_id, conversion_action_id, sum(conversions) as conversions,
           sum(conversion_value) as conversion_value
    from outcomes
    where counts and ${paid}
    group by date, campaign_id, conversion_action_id
    having sum(conversions) <> 0 or sum(conversion_value) <> 0
  )
  select a.account_key, f.date, f.campaign_id, f.conversion_action_id, a.currency, f.conversions, f.conversion_value,
         figures.ratio(d.spend, f.conversions) as cost_per_conversion,
         $3::text as reporting_currency,
         ${storable("f.conversion_value * r.rate")} as conversion_value_reporting,
         figures.ratio(d.spend * r.rate, f.conversions) as cost_per_conversion_reporting
  from actions f
  cross join account a
  join delivery d using (date, campaign_id)
  left join rates r on r.date = f.date`,
};

const adGroupsAndActions: Together = {
  shared: `
  ${account},
  ${outcomesOf("warehouse.conversion_daily", adGroupKey)},
  figures as (${factSums(adGroupKey, "warehouse.ad_daily")})`,
  marts: [byAdGroup, byAction],
};

/** The sums of the level below, which is made just before. */
const daily: Mart = {
  name: "cost_per_conversion_daily",
  key: ["date", "campaign_id"],
  figures,
  hasHistory: true,
  fresh: `
  with ${account},
  figures as (
    select date, campaign_id, sum(spend) as spend, sum(impressions)::bigint as impressions,
           sum(clicks)::bigint as clicks, sum(conversions) as conversions, sum(conversion_value) as conversion_value,
           sum(organic_conversions) as organic_conversions
    from figures.${byAdGroup.name} where ${ofDays}
    group by date, campaign_id
  )
  ${measured(["date", "campaign_id"])}`,
};

const networkKey = ["date", "campaign_id", "network"];

const byNetwork: Mart = {
  name: "cost_per_conversion_by_network_daily",
  key: networkKey,
  figures,
  fresh: `
  with ${account},
  ${outcomesOf("warehouse.network_conversion_daily", networkKey)},
  figures as (${factSums(networkKey, "warehouse.network_daily")})
  ${measured(networkKey)}`,
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
    figures,
    fresh: `
  with ${account},
  brought as (select date from ops.breakdown_day where ${ofDays} and breakdown = '${breakdown}'),
  ${outcomesOf(`warehouse.${breakdown}_conversion_daily`, key)},
  parts as (${factSums(key, `warehouse.${breakdown}_daily`)}),
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

/** Rows by ad are the facts themselves and are stored nowhere else. */
export const marts = { byAdGroup, daily, byNetwork, byAction };

/** In the order in which they are made: a level is the sum of the one below. */
export const steps: readonly Together[] = [adGroupsAndActions, alone(daily), alone(byNetwork)];
