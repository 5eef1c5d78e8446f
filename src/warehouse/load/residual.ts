import type pg from "pg";
import { adDaily, conversionDaily, type FactTable } from "./fact-tables.ts";

/**
 * Makes the rows of an account-day add up to the platform's own totals: ads to campaigns, campaigns to the
 * account. What is missing becomes a residual row with empty ids; what is too much cannot be explained away and
 * fails the day.
 */

export interface ResidualScope {
  readonly client: pg.PoolClient;
  readonly sliceId: string;
  readonly accountKey: number;
  readonly from: string;
  readonly to: string;
  readonly direct: boolean;
  readonly networkSplit: "exact" | "estimate";
}

/** Rounding between a platform's levels: up to a cent (LinkedIn rounds late, Google sums micros). */
const tolerance = "0.01";

/** The rows of this slice, wherever they were copied. */
export const rowsOf = (scope: Pick<ResidualScope, "direct">, table: FactTable): string =>
  scope.direct && (table === adDaily || table === conversionDaily)
    ? `(select * from warehouse.${table.name} where account_key = $2 and date between $3 and $4)`
    : `(select * from staging.${table.name} where slice_id = $1 and account_key = $2 and date between $3 and $4)`;

const parameters = (scope: ResidualScope) => [scope.sliceId, scope.accountKey, scope.from, scope.to];

/** `insert into` the place where this slice's rows of the table are. */
const intoRows = (scope: ResidualScope, table: FactTable): { into: string; lead: string } =>
  scope.direct && (table === adDaily || table === conversionDaily)
    ? { into: `warehouse.${table.name} (account_key, `, lead: "$2::integer" }
    : { into: `staging.${table.name} (slice_id, account_key, `, lead: "$1::bigint, $2::integer" };

/** Where the split by network is exact, its sums are the platform's campaign totals, conversions too. */
const campaignsFromNetworks = async (scope: ResidualScope): Promise<void> => {
  await scope.client.query(
    `insert into staging.campaign_daily (slice_id, account_key, date, campaign_id, spend, impressions, clicks)
     select $1::bigint, $2::integer, date, campaign_id, sum(spend), sum(impressions), sum(clicks)
     from staging.network_daily where slice_id = $1 and account_key = $2 and date between $3 and $4
     group by date, campaign_id`,
    parameters(scope),
  );
  await scope.client.query(
    `insert into staging.campaign_conversion_daily
       (slice_id, account_key, date, campaign_id, conversion_action_id, attribution, traffic, conversions,
        conversion_value, primary_conversions, primary_conversion_value, all_conversions, all_conversion_value)
     select $1::bigint, $2::integer, date, campaign_id, conversion_action_id, attribution, traffic, sum(conversions),
            sum(conversion_value), sum(primary_conversions), sum(primary_conversion_value), sum(all_conversions),
            sum(all_conversion_value)
     from staging.network_conversion_daily where slice_id = $1 and account_key = $2 and date between $3 and $4
     group by date, campaign_id, conversion_action_id, attribution, traffic`,
    parameters(scope),
  );
};

/** Residual delivery of campaigns: what the campaign has and none of its ads. Credits (negative) are booked too. */
const campaignDelivery = async (scope: ResidualScope): Promise<void> => {
  const { into, lead } = intoRows(scope, adDaily);
  await scope.client.query(
    `insert into ${into}date, campaign_id, ad_group_id, ad_id, spend, impressions, clicks)
     select ${lead}, c.date, c.campaign_id, '', '', c.spend - coalesce(a.spend, 0),
            c.impressions - coalesce(a.impressions, 0), c.clicks - coalesce(a.clicks, 0)
     from staging.campaign_daily c
     left join (
       select date, campaign_id, sum(spend) as spend, sum(impressions) as impressions, sum(clicks) as clicks
       from ${rowsOf(scope, adDaily)} r group by date, campaign_id
     ) a on a.date = c.date and a.campaign_id = c.campaign_id
     where c.slice_id = $1 and c.account_key = $2 and c.date between $3 and $4
       and (c.spend, c.impressions, c.clicks)
           <> (coalesce(a.spend, 0), coalesce(a.impressions, 0), coalesce(a.clicks, 0))
       and not exists (select from ${rowsOf(scope, adDaily)} own
                       where own.date = c.date and own.campaign_id = c.campaign_id
                         and own.ad_group_id = '' and own.ad_id = '')`,
    parameters(scope),
  );
};

const campaignConversions = async (scope: ResidualScope): Promise<void> => {
  const { into, lead } = intoRows(scope, conversionDaily);
  const key = "date, campaign_id, conversion_action_id, attribution, traffic";
  await scope.client.query(
    `insert into ${into}${conversionDaily.key.join(", ")}, ${conversionDaily.figures.join(", ")})
     select ${lead}, c.date, c.campaign_id, '', '', c.conversion_action_id, c.attribution, c.traffic,
            ${conversionDaily.figures.map((figure) => `c.${figure} - coalesce(a.${figure}, 0)`).join(", ")}
     from staging.campaign_conversion_daily c
     left join (
       select ${key}, ${conversionDaily.figures.map((figure) => `sum(${figure}) as ${figure}`).join(", ")}
       from ${rowsOf(scope, conversionDaily)} r group by ${key}
     ) a using (${key})
     where c.slice_id = $1 and c.account_key = $2 and date between $3 and $4
       and (${conversionDaily.figures.map((figure) => `c.${figure}`).join(", ")})
           <> (${conversionDaily.figures.map((figure) => `coalesce(a.${figure}, 0)`).join(", ")})
       and not exists (select from ${rowsOf(scope, conversionDaily)} own
                       where own.date = c.date and own.campaign_id = c.campaign_id
                         and own.conversion_action_id = c.conversion_action_id
                         and own.attribution = c.attribution and own.traffic = c.traffic
                         and own.ad_group_id = '' and own.ad_id = '')`,
    parameters(scope),
  );
};

/** Residual delivery of the account: what its own total has and none of its campaigns. */
const accountDelivery = async (scope: ResidualScope): Promise<void> => {
  const { into, lead } = intoRows(scope, adDaily);
  await scope.client.query(
    `insert into ${into}date, campaign_id, ad_group_id, ad_id, spend, impressions, clicks)
     select ${lead}, t.date, '', '', '', t.spend - coalesce(a.spend, 0),
            t.impressions - coalesce(a.impressions, 0), t.clicks - coalesce(a.clicks, 0)
     from staging.account_daily t
     left join (
       select date, sum(spend) as spend, sum(impressions) as impressions, sum(clicks) as clicks
       from ${rowsOf(scope, adDaily)} r group by date
     ) a on a.date = t.date
     where t.slice_id = $1 and t.account_key = $2 and t.date between $3 and $4
       and (t.spend, t.impressions, t.clicks)
           <> (coalesce(a.spend, 0), coalesce(a.impressions, 0), coalesce(a.clicks, 0))
       and not exists (select from ${rowsOf(scope, adDaily)} own
                       where own.date = t.date and own.campaign_id = '' and own.ad_group_id = '' and own.ad_id = '')`,
    parameters(scope),
  );
};

/** The row `unknown` that completes a campaign-day's split by network, delivery and conversions. */
const unknownNetworks = async (scope: ResidualScope): Promise<void> => {
  await scope.client.query(
    `insert into staging.network_daily (slice_id, account_key, date, campaign_id, network, spend, impressions, clicks)
     select $1::bigint, $2::integer, date, campaign_id, 'unknown',
            sum(spend), sum(impressions), sum(clicks)
     from (
       select date, campaign_id, spend, impressions, clicks from ${rowsOf(scope, adDaily)} a
       union all
       select date, campaign_id, -spend, -impressions, -clicks
       from staging.network_daily where slice_id = $1 and account_key = $2 and date between $3 and $4
     ) parts
     where not exists (select from staging.network_daily n
                       where n.slice_id = $1 and n.account_key = $2 and n.date = parts.date
                         and n.campaign_id = parts.campaign_id and n.network = 'unknown')
     group by date, campaign_id
     having (sum(spend), sum(impressions), sum(clicks)) <> (0, 0, 0)`,
    parameters(scope),
  );
  const key = "date, campaign_id, conversion_action_id, attribution, traffic";
  const figures = conversionDaily.figures;
  await scope.client.query(
    `insert into staging.network_conversion_daily
       (slice_id, account_key, network, ${key}, ${figures.join(", ")})
     select $1::bigint, $2::integer, 'unknown', ${key}, ${figures.map((figure) => `sum(${figure})`).join(", ")}
     from (
       select ${key}, ${figures.join(", ")} from ${rowsOf(scope, conversionDaily)} c
       union all
       select ${key}, ${figures.map((figure) => `-${figure}`).join(", ")}
       from staging.network_conversion_daily where slice_id = $1 and account_key = $2 and date between $3 and $4
     ) parts
     where not exists (select from staging.network_conversion_daily n
                       where n.slice_id = $1 and n.account_key = $2 and n.network = 'unknown'
                         and (n.date, n.campaign_id, n.conversion_action_id, n.attribution, n.traffic)
                             = (parts.date, parts.campaign_id, parts.conversion_action_id, parts.attribution, parts.traffic))
     group by ${key}
     having (${figures.map((figure) => `sum(${figure})`).join(", ")}) <> (${figures.map(() => "0").join(", ")})`,
    parameters(scope),
  );
};

/** The days whose ads come to less than the account: only of them are campaign totals asked for. */
export const daysThatFallShort = async (scope: ResidualScope): Promise<readonly string[]> => {
  const { rows } = await scope.client.query<{ date: string }>(
    `select t.date from staging.account_daily t
     left join (select date, sum(spend) as spend from ${rowsOf(scope, adDaily)} r group by date) a
       on a.date = t.date
     where t.slice_id = $1 and t.account_key = $2 and t.date between $3 and $4
       and t.spend - coalesce(a.spend, 0) > ${tolerance}`,
    parameters(scope),
  );
  return rows.map(({ date }) => date);
};

/** What reconciliation found out about a day before its residual rows are written. */
export interface DayVerdict {
  readonly date: string;
  readonly platform_spend: string;
  /** Sum of the rows that the platform gave for ads, or for campaigns where it names no ads. */
  readonly fetched_spend: string;
  /** Why the day cannot be published; null where it can. */
  readonly problem: string | null;
}

/**
 * Judges every day of the window. A day fails where the platform's total is below the sum of its own parts, and no
 * credit (a negative figure that the platform itself reports) explains it.
 */
const judgeDays = async (scope: ResidualScope): Promise<readonly DayVerdict[]> => {
  const { rows } = await scope.client.query<DayVerdict>(
    `with days as (
       select d::date as date from generate_series($3::date, $4::date, interval '1 day') d
     ),
     ads as (
       select date, campaign_id, sum(spend) as spend from ${rowsOf(scope, adDaily)} r group by date, campaign_id
     ),
     campaigns as (
       select date, campaign_id, coalesce(c.spend, a.spend) as spend, a.spend as ads_spend,
              c.spend as campaign_spend
       from ads a
       full join (select * from staging.campaign_daily
                  where slice_id = $1 and account_key = $2 and date between $3 and $4) c
         using (date, campaign_id)
     ),
     sums as (
       select date, sum(spend) as spend, sum(coalesce(ads_spend, 0)) as ads_spend,
              bool_or(campaign_spend is not null and campaign_spend >= 0
                      and campaign_spend - ads_spend < -${tolerance}) as ads_exceed_campaign
       from campaigns group by date
     ),
     conversions as (
       select date, bool_or(c.all_conversions - a.all_conversions < -${tolerance}
                            and c.all_conversions >= 0) as ads_exceed_campaign
       from (select date, campaign_id, conversion_action_id, attribution, traffic,
                    sum(all_conversions) as all_conversions
             from ${rowsOf(scope, conversionDaily)} r
             group by date, campaign_id, conversion_action_id, attribution, traffic) a
       join (select * from staging.campaign_conversion_daily
             where slice_id = $1 and account_key = $2 and date between $3 and $4) c
         using (date, campaign_id, conversion_action_id, attribution, traffic)
       group by date
     )
     select d.date, coalesce(t.spend, 0) as platform_spend, coalesce(s.ads_spend, 0) as fetched_spend,
            case
              when t.date is null and abs(coalesce(s.spend, 0)) > ${tolerance}
                then 'the platform gave no total for the day, though its ads spent'
              when coalesce(t.spend, 0) >= 0 and coalesce(t.spend, 0) - coalesce(s.spend, 0) < -${tolerance}
                then 'the platform''s total is below the sum of its own ads'
              when s.ads_exceed_campaign then 'a campaign''s total is below the sum of its own ads'
              when c.ads_exceed_campaign then 'a campaign''s conversions are fewer than those of its own ads'
            end as problem
     from days d
     left join sums s on s.date = d.date
     left join conversions c on c.date = d.date
     left join staging.account_daily t
       on t.slice_id = $1 and t.account_key = $2 and t.date = d.date
     order by d.date`,
    parameters(scope),
  );
  return rows;
};

/** Judges the days, then completes the good ones to the platform's totals. */
export const completeToTotals = async (scope: ResidualScope): Promise<readonly DayVerdict[]> => {
  if (scope.networkSplit === "exact") await campaignsFromNetworks(scope);
  const verdicts = await judgeDays(scope);
  await campaignDelivery(scope);
  await campaignConversions(scope);
  await accountDelivery(scope);
  await unknownNetworks(scope);
  return verdicts;
};
