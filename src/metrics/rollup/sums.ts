import { wholeSum } from "../whole-sum.ts";
import { ofDays, organic } from "./facts.ts";
import { account, type Mart, marts, storable } from "./fresh.ts";
import { type MartDays, type Stretch, stretchOf } from "./replace.ts";
import { pointsMoved, yearToDate } from "./year-to-date.ts";

/**
 * What the dashboard adds up beforehand, so that thousands of campaigns over years are read in moments. Made of the marts,
 * after them and in their transaction. Parameters are those of the marts.
 */

const { daily, byNetwork, byAction } = marts;

const byAccount: Mart = {
  name: "cost_per_conversion_by_account_daily",
  key: ["date"],
  figures: ["campaigns", ...daily.figures],
  fresh: `
  with ${account}
  select $1::integer as account_key, date, count(*)::integer as campaigns, max(currency) as currency,
         sum(spend) as spend, sum(impressions)::bigint as impressions, sum(clicks)::bigint as clicks,
         sum(conversions) as conversions, sum(conversion_value) as conversion_value,
         sum(organic_conversions) as organic_conversions, max(reporting_currency) as reporting_currency,
         ${storable(wholeSum("spend_reporting"))} as spend_reporting,
         ${storable(wholeSum("conversion_value_reporting"))} as conversion_value_reporting
  from figures.${daily.name} where ${ofDays}
  group by date`,
};

const parts: Mart = {
  name: "part_daily",
  key: ["date", "part_kind", "part_id"],
  figures: [
    "currency",
    "spend",
    "impressions",
    "clicks",
    "conversions",
    "conversion_value",
    "organic_conversions",
    "spend_reporting",
    "conversion_value_reporting",
  ],
  fresh: `
  with ${account}
  select $1::integer as account_key, date, 'network' as part_kind, network as part_id, max(currency) as currency,
         sum(spend) as spend, sum(impressions)::bigint as impressions, sum(clicks)::bigint as clicks,
         sum(conversions) as conversions, sum(conversion_value) as conversion_value,
         sum(organic_conversions) as organic_conversions, ${wholeSum("spend_reporting")} as spend_reporting,
         ${wholeSum("conversion_value_reporting")} as conversion_value_reporting
  from figures.${byNetwork.name} where ${ofDays} group by date, network
  union all
  select $1::integer, date, 'action', conversion_action_id, max(currency), null, null, null, sum(conversions),
         sum(conversion_value), null, null, ${wholeSum("conversion_value_reporting")}
  from figures.${byAction.name} where ${ofDays} group by date, conversion_action_id
  union all
  select account_key, date, 'organic_action', conversion_action_id, currency, null, null, null, 0, 0, conversions, null, null
  from (
    select account_key, date, conversion_action_id, sum(conversions) as conversions
    from warehouse.counted_conversion_daily where ${ofDays} and ${organic}
    group by account_key, date, conversion_action_id having sum(conversions) <> 0
  ) organic
  join account using (account_key)`,
};

/** The sums that follow the marts of the days, each with the rows of it that they move. */
export const sumsOf = async (scope: MartDays): Promise<readonly (readonly [Mart, Stretch])[]> => {
  const { client, accountKey, days } = scope;
  const ofYears = (await pointsMoved(client, accountKey, days)).map(
    ({ points, before }) => [yearToDate, { client, parameters: [accountKey, points, before] }] as const,
  );
  return [[byAccount, stretchOf(scope)], [parts, stretchOf(scope)], ...ofYears];
};
