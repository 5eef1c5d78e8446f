import {
  adDaily,
  conversionDaily,
  type FactTable,
  networkConversionDaily,
  networkDaily,
} from "./fact-tables.ts";
import { type DayCheck, judgeDays } from "./judge-days.ts";
import { deliveryParts, outcomeKey, outcomeParts } from "./part-sums.ts";
import { parameters, type StagedWindow } from "./staged-window.ts";

/**
 * Makes the rows of an account-day add up to the platform's own totals: ads to campaigns, campaigns to the
 * account. What is missing becomes a residual row with empty ids; what is too much cannot be explained away and
 * fails the day.
 */

/** Days that fail are not completed: nothing of them is published. */
interface CheckedWindow extends StagedWindow {
  readonly failed: readonly string[];
}

/** Records what was added next to the sums, so that the next level takes it into account. */
const noteParts = (table: FactTable, same: string): string => {
  const added = `(not exists (select from grown own where ${same}))::integer`;
  if (table === adDaily)
    return `,
     noted as (
       insert into staging.delivery_part
         (slice_id, account_key, date, campaign_id, spend, impressions, clicks, row_count, is_residual)
       select $1::bigint, $2::integer, date, campaign_id, spend, impressions, clicks, ${added}, true from missing m
     )`;
  if (table !== conversionDaily) return "";
  const columns = `${outcomeKey}, ${conversionDaily.figures.join(", ")}`;
  return `,
     noted as (
       insert into staging.outcome_part (slice_id, account_key, ${columns}, row_count, is_residual)
       select $1::bigint, $2::integer, ${columns}, ${added}, true from missing m
     )`;
};

/**
 * Adds what is missing: to the row of that key where the platform gave one itself (a campaign without ads, a network
 * that it calls unknown), else as a row of its own. `missing` selects key and figures of the table.
 */
const complete = async (staged: CheckedWindow, table: FactTable, missing: string): Promise<void> => {
  const direct = staged.direct && (table === adDaily || table === conversionDaily);
  const place = `${direct ? "warehouse" : "staging"}.${table.name}`;
  const [lead, values] = direct
    ? ["account_key", "$2::integer"]
    : ["slice_id, account_key", "$1::bigint, $2::integer"];
  const same = table.key.map((column) => `own.${column} = m.${column}`).join(" and ");
  const columns = [...table.key, ...table.figures].join(", ");
  await staged.client.query(
    `with missing as materialized (select * from (${missing}) every_day where date <> all ($5::date[])),
     grown as (
       update ${place} own set ${table.figures.map((figure) => `${figure} = own.${figure} + m.${figure}`).join(", ")}
       from missing m
       where ${direct ? "" : "own.slice_id = $1 and "}own.account_key = $2 and own.date between $3 and $4 and ${same}
       returning ${table.key.map((column) => `own.${column}`).join(", ")}
     )${noteParts(table, same)}
     insert into ${place} (${lead}, ${columns})
     select ${values}, ${columns} from missing m
     where $1::bigint is not null and not exists (select from grown own where ${same})`,
    [...parameters(staged), staged.failed],
  );
};

/** Where the split by network is exact, its sums are the platform's campaign totals, conversions too. */
const campaignsFromNetworks = async (staged: StagedWindow): Promise<void> => {
  await staged.client.query(
    `insert into staging.campaign_daily (slice_id, account_key, date, campaign_id, spend, impressions, clicks)
     select $1::bigint, $2::integer, date, campaign_id, sum(spend), sum(impressions), sum(clicks)
     from staging.network_daily where slice_id = $1 and account_key = $2 and date between $3 and $4
     group by date, campaign_id`,
    parameters(staged),
  );
  await staged.client.query(
    `insert into staging.campaign_conversion_daily
       (slice_id, account_key, date, campaign_id, conversion_action_id, attribution, traffic, conversions,
        conversion_value, primary_conversions, primary_conversion_value, all_conversions, all_conversion_value)
     select $1::bigint, $2::integer, date, campaign_id, conversion_action_id, attribution, traffic, sum(conversions),
            sum(conversion_value), sum(primary_conversions), sum(primary_conversion_value), sum(all_conversions),
            sum(all_conversion_value)
     from staging.network_conversion_daily where slice_id = $1 and account_key = $2 and date between $3 and $4
     group by date, campaign_id, conversion_action_id, attribution, traffic`,
    parameters(staged),
  );
};

/** Residual delivery of campaigns: what the campaign has and none of its ads. Credits (negative) are booked too. */
const campaignDelivery = async (staged: CheckedWindow): Promise<void> =>
  complete(
    staged,
    adDaily,
    `select c.date, c.campaign_id, '' as ad_group_id, '' as ad_id, c.spend - coalesce(a.spend, 0) as spend,
            c.impressions - coalesce(a.impressions, 0) as impressions, c.clicks - coalesce(a.clicks, 0) as clicks
     from staging.campaign_daily c
     left join (
       select date, campaign_id, sum(spend) as spend, sum(impressions) as impressions, sum(clicks) as clicks
       from ${deliveryParts} r group by date, campaign_id
     ) a on a.date = c.date and a.campaign_id = c.campaign_id
     where c.slice_id = $1 and c.account_key = $2 and c.date between $3 and $4
       and (c.spend, c.impressions, c.clicks)
           <> (coalesce(a.spend, 0), coalesce(a.impressions, 0), coalesce(a.clicks, 0))`,
  );

const campaignConversions = async (staged: CheckedWindow): Promise<void> => {
  const { figures } = conversionDaily;
  await complete(
    staged,
    conversionDaily,
    `select ${outcomeKey}, '' as ad_group_id, '' as ad_id,
            ${figures.map((figure) => `c.${figure} - coalesce(a.${figure}, 0) as ${figure}`).join(", ")}
     from staging.campaign_conversion_daily c
     left join (
       select ${outcomeKey}, ${figures.map((figure) => `sum(${figure}) as ${figure}`).join(", ")}
       from ${outcomeParts} r group by ${outcomeKey}
     ) a using (${outcomeKey})
     where c.slice_id = $1 and c.account_key = $2 and date between $3 and $4
       and (${figures.map((figure) => `c.${figure}`).join(", ")})
           <> (${figures.map((figure) => `coalesce(a.${figure}, 0)`).join(", ")})`,
  );
};

/** Residual delivery of the account: what its own total has and none of its campaigns. */
const accountDelivery = async (staged: CheckedWindow): Promise<void> =>
  complete(
    staged,
    adDaily,
    `select t.date, '' as campaign_id, '' as ad_group_id, '' as ad_id, t.spend - coalesce(a.spend, 0) as spend,
            t.impressions - coalesce(a.impressions, 0) as impressions, t.clicks - coalesce(a.clicks, 0) as clicks
     from staging.account_daily t
     left join (
       select date, sum(spend) as spend, sum(impressions) as impressions, sum(clicks) as clicks
       from ${deliveryParts} r group by date
     ) a on a.date = t.date
     where t.slice_id = $1 and t.account_key = $2 and t.date between $3 and $4
       and (t.spend, t.impressions, t.clicks)
           <> (coalesce(a.spend, 0), coalesce(a.impressions, 0), coalesce(a.clicks, 0))`,
  );

/** The row `unknown` that completes a campaign-day's split by network, delivery and conversions. */
const unknownNetworks = async (staged: CheckedWindow): Promise<void> => {
  await complete(
    staged,
    networkDaily,
    `select date, campaign_id, 'unknown' as network, sum(spend) as spend, sum(impressions) as impressions,
            sum(clicks) as clicks
     from (
       select date, campaign_id, spend, impressions, clicks from ${deliveryParts} a
       union all
       select date, campaign_id, -spend, -impressions, -clicks
       from staging.network_daily where slice_id = $1 and account_key = $2 and date between $3 and $4
     ) parts
     group by date, campaign_id
     having (sum(spend), sum(impressions), sum(clicks)) <> (0, 0, 0)`,
  );
  const { figures } = conversionDaily;
  await complete(
    staged,
    networkConversionDaily,
    `select ${outcomeKey}, 'unknown' as network, ${figures.map((figure) => `sum(${figure}) as ${figure}`).join(", ")}
     from (
       select ${outcomeKey}, ${figures.join(", ")} from ${outcomeParts} c
       union all
       select ${outcomeKey}, ${figures.map((figure) => `-${figure}`).join(", ")}
       from staging.network_conversion_daily where slice_id = $1 and account_key = $2 and date between $3 and $4
     ) parts
     group by ${outcomeKey}
     having (${figures.map((figure) => `sum(${figure})`).join(", ")}) <> (${figures.map(() => "0").join(", ")})`,
  );
};

/**
 * Judges the days, then completes the good ones to the platform's totals.
 * @param unfit days with a figure that cannot be stored, each with what it is
 */
export const completeToTotals = async (
  staged: StagedWindow,
  unfit: ReadonlyMap<string, string>,
): Promise<readonly DayCheck[]> => {
  if (staged.networkSplit === "exact") await campaignsFromNetworks(staged);
  const verdicts = (await judgeDays(staged)).map((verdict) => ({
    ...verdict,
    problem: unfit.get(verdict.date) ?? verdict.problem,
  }));
  const failed = verdicts.filter(({ problem }) => problem !== null).map(({ date }) => date);
  const judged = { ...staged, failed };
  await campaignDelivery(judged);
  await campaignConversions(judged);
  await accountDelivery(judged);
  await unknownNetworks(judged);
  return verdicts;
};
