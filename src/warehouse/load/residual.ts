import type pg from "pg";
import { replacedRows } from "./compare-days.ts";
import {
  adDaily,
  type ComparedTable,
  conversionDaily,
  factParts,
  type FactTable,
  figureLimit,
  type Part,
  networkConversionDaily,
  networkDaily,
} from "./fact-tables.ts";

/**
 * Makes the rows of an account-day add up to the platform's own totals: ads to campaigns, campaigns to the
 * account. What is missing becomes a residual row with empty ids; what is too much cannot be explained away and
 * fails the day.
 */

/** Days by part: those that are published anew. */
export type PartDays = ReadonlyMap<Part, readonly string[]>;

export interface StagedWindow {
  readonly client: pg.PoolClient;
  readonly sliceId: string;
  readonly accountKey: number;
  readonly from: string;
  readonly to: string;
  readonly direct: boolean;
  readonly networkSplit: "exact" | "estimate";
  /** The days within it of which anything was staged. */
  readonly days: PartDays;
  /** Those of which only rows that differ were staged. */
  readonly compared: ReadonlyMap<FactTable, readonly string[]>;
}

/** Every day of which any part is published anew. */
export const daysOf = (days: PartDays): readonly string[] => [...new Set([...days.values()].flat())].sort();

/** Every day of which spend or conversions are published anew. Nothing of a day's state depends on breakdowns. */
export const judgedDaysOf = (days: PartDays): readonly string[] =>
  daysOf(new Map([...days].filter(([part]) => factParts.includes(part))));

/** What the platform's rounding explains of a sum of so many rows. */
export const roundingOf = (rows: string): string =>
  `warehouse.rounding((select currency from warehouse.account where account_key = $2), (${rows})::bigint)`;

/** Conversions are rounded to hundredths at the coarsest. */
const conversionRounding = (rows: string): string => `((${rows}) + 1) * 0.005`;

/**
 * Ad and conversion rows of this slice, wherever they were copied, each with the number of rows that it stands for. Of a day
 * that was compared they are the staged ones and all that is published, less what of it is replaced. The fifth parameter:
 * the days that were compared.
 */
const rowsOf = ({ direct, compared }: StagedWindow, table: ComparedTable): string => {
  const columns = [...table.key, ...table.figures].join(", ");
  const published = `select ${columns}, 1 as row_count from warehouse.${table.name}
                     where account_key = $2 and date between $3 and $4`;
  if (direct) return `(${published})`;
  const staged = `select ${columns}, 1 as row_count from staging.${table.name}
                  where slice_id = $1 and account_key = $2 and date between $3 and $4`;
  const less = [...table.key, ...table.figures.map((figure) => `-${figure}`)].join(", ");
  return compared.get(table)?.length
    ? `(${staged}
        union all ${published} and date = any ($5::date[])
        union all select ${less}, -1 from ${replacedRows(table)} replaced where date = any ($5::date[]))`
    : `(${staged})`;
};

const deliveryParts = "(select * from staging.delivery_part where slice_id = $1 and account_key = $2)";
const outcomeParts = "(select * from staging.outcome_part where slice_id = $1 and account_key = $2)";

const outcomeKey = "date, campaign_id, conversion_action_id, attribution, traffic";

/** Days that fail are not completed: nothing of them is published. */
interface CheckedWindow extends StagedWindow {
  readonly failed: readonly string[];
}

const parameters = (staged: StagedWindow) => [staged.sliceId, staged.accountKey, staged.from, staged.to];

/** Those of `rowsOf`. */
const rowParameters = (staged: StagedWindow, table: ComparedTable) => {
  const compared = staged.compared.get(table) ?? [];
  return compared.length === 0 ? parameters(staged) : [...parameters(staged), compared];
};

/** Sums the slice's rows once by campaign-day; everything after this reads the sums. */
export const sumDelivery = async (staged: StagedWindow): Promise<void> => {
  await staged.client.query(
    `insert into staging.delivery_part
       (slice_id, account_key, date, campaign_id, spend, impressions, clicks, row_count, is_residual)
     select $1::bigint, $2::integer, date, campaign_id, sum(spend), sum(impressions), sum(clicks), sum(row_count), false
     from ${rowsOf(staged, adDaily)} r group by date, campaign_id having sum(row_count) > 0`,
    rowParameters(staged, adDaily),
  );
};

/** The same of conversions. */
export const sumOutcome = async (staged: StagedWindow): Promise<void> => {
  const { figures } = conversionDaily;
  await staged.client.query(
    `insert into staging.outcome_part (slice_id, account_key, ${outcomeKey}, ${figures.join(", ")}, row_count, is_residual)
     select $1::bigint, $2::integer, ${outcomeKey}, ${figures.map((figure) => `sum(${figure})`).join(", ")}, sum(row_count), false
     from ${rowsOf(staged, conversionDaily)} r group by ${outcomeKey} having sum(row_count) > 0`,
    rowParameters(staged, conversionDaily),
  );
};

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
 * The days whose ads come to less than the account: only of them are campaign totals asked for. Counts are never
 * rounded, so deleted ads show in them even where rounding would explain what they spent.
 */
export const daysThatFallShort = async (staged: StagedWindow): Promise<readonly string[]> => {
  const { rows } = await staged.client.query<{ date: string }>(
    `select t.date from staging.account_daily t
     left join (select date, sum(spend) as spend, sum(impressions) as impressions, sum(clicks) as clicks,
                       sum(row_count) as row_count
                from ${deliveryParts} r group by date) a
       on a.date = t.date
     where t.slice_id = $1 and t.account_key = $2 and t.date between $3 and $4
       and (t.spend - coalesce(a.spend, 0) > ${roundingOf("coalesce(a.row_count, 0)")}
            or t.impressions > coalesce(a.impressions, 0) or t.clicks > coalesce(a.clicks, 0))`,
    parameters(staged),
  );
  return rows.map(({ date }) => date);
};

/** What reconciliation found out about a day before its residual rows are written. */
export interface DayCheck {
  readonly date: string;
  readonly platform_spend: string;
  /** Sum of the rows that the platform gave for ads, or for campaigns where it names no ads. */
  readonly fetched_spend: string;
  /** Why the day cannot be published; null where it can. */
  readonly problem: string | null;
  /** What is odd about the day although it is published; null where nothing is. */
  readonly warning: string | null;
}

const sumsOfDay = [
  ["spend", "impressions", "clicks"].map((figure) => [figure, deliveryParts] as const),
  conversionDaily.figures.map((figure) => [figure, outcomeParts] as const),
].map((figures) => {
  const names = figures.map(([figure]) => figure);
  return `
       select p.date, f.name, f.total
       from (select date, ${names.map((name) => `sum(abs(${name})) as ${name}`).join(", ")}
             from ${figures[0]?.[1] ?? ""} r group by date) p
       cross join lateral (values ${names.map((name) => `('${name}', p.${name})`).join(", ")}) f (name, total)`;
});

/**
 * Judges every day of which anything was staged. Spend that was not staged was good when it was published. A day fails where the platform's total is below the sum of its own parts by more
 * than rounding explains, and no credit (a negative figure that the platform itself reports) does, or where its figures
 * are more than the warehouse holds. Conversions are partly modelled (store visits) and need not add up: no spend is
 * withheld for them.
 */
const judgeDays = async (staged: StagedWindow): Promise<readonly DayCheck[]> => {
  const { rows } = await staged.client.query<DayCheck>(
    `with days as (
       select d as date from unnest($5::date[]) d
     ),
     ads as (
       select date, campaign_id, sum(spend) as spend, sum(row_count) as row_count
       from ${deliveryParts} r group by date, campaign_id
     ),
     campaigns as (
       select date, campaign_id, coalesce(c.spend, a.spend) as spend, a.spend as ads_spend,
              c.spend as campaign_spend, coalesce(a.row_count, 0) as ads,
              case when c.spend is null then a.row_count else 1 end as row_count
       from ads a
       full join (select * from staging.campaign_daily
                  where slice_id = $1 and account_key = $2 and date between $3 and $4) c
         using (date, campaign_id)
     ),
     sums as (
       select date, sum(spend) as spend, sum(coalesce(ads_spend, 0)) as ads_spend, sum(row_count) as row_count,
              bool_or(campaign_spend is not null and campaign_spend >= 0
                      and campaign_spend - ads_spend < -${roundingOf("ads")}) as ads_exceed_campaign
       from campaigns group by date
     ),
     conversions as (
       select date, bool_or(c.all_conversions - a.all_conversions < -${conversionRounding("a.row_count")}
                            and c.all_conversions >= 0) as ads_exceed_campaign
       from (select date, campaign_id, conversion_action_id, attribution, traffic,
                    sum(all_conversions) as all_conversions, sum(row_count) as row_count
             from ${outcomeParts} r
             group by date, campaign_id, conversion_action_id, attribution, traffic) a
       join (select * from staging.campaign_conversion_daily
             where slice_id = $1 and account_key = $2 and date between $3 and $4) c
         using (date, campaign_id, conversion_action_id, attribution, traffic)
       group by date
     ),
     too_much as (
       select date, min(name || ' adds up to ' || trim_scale(total) || ', which does not fit the warehouse') as problem
       from (${sumsOfDay.join(" union all ")}) sums_of_day
       where total >= ${String(figureLimit)} group by date
     )
     select d.date, coalesce(t.spend, 0) as platform_spend, coalesce(s.ads_spend, 0) as fetched_spend,
            case
              when m.problem is not null then m.problem
              when t.date is null and abs(coalesce(s.spend, 0)) > ${roundingOf("coalesce(s.row_count, 0)")}
                then 'the platform gave no total for the day, though its ads spent'
              when coalesce(t.spend, 0) >= 0
                   and coalesce(t.spend, 0) - coalesce(s.spend, 0) < -${roundingOf("coalesce(s.row_count, 0)")}
                then 'the platform''s total is below the sum of its own ads'
              when s.ads_exceed_campaign then 'a campaign''s total is below the sum of its own ads'
            end as problem,
            case when c.ads_exceed_campaign
                 then 'a campaign''s conversions are fewer than those of its own ads' end as warning
     from days d
     left join sums s on s.date = d.date
     left join conversions c on c.date = d.date
     left join too_much m on m.date = d.date
     left join staging.account_daily t
       on t.slice_id = $1 and t.account_key = $2 and t.date = d.date
     order by d.date`,
    [...parameters(staged), judgedDaysOf(staged.days)],
  );
  return rows;
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
