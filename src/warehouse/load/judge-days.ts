import {
  adDaily,
  campaignConversionDaily,
  campaignDaily,
  conversionDaily,
  type FactTable,
  figureLimit,
} from "./fact-tables.ts";
import { deliveryParts, outcomeParts } from "./part-sums.ts";
import { judgedDaysOf, parameters, type StagedWindow } from "./staged-window.ts";

/** What the platform's rounding explains of a sum of so many rows. */
export const roundingOf = (rows: string): string =>
  `warehouse.rounding((select currency from warehouse.account where account_key = $2), (${rows})::bigint)`;

/** Conversions are rounded to hundredths at the coarsest. */
const conversionRounding = (rows: string): string => `((${rows}) + 1) * 0.005`;

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

const stagedRows = (table: FactTable): string =>
  `(select * from staging.${table.name} where slice_id = $1 and account_key = $2 and date between $3 and $4)`;

/** What a day comes to, by its ads and by its campaigns' own totals, which residual rows complete the ads to. */
const sumsOfDay = (
  [
    [deliveryParts, adDaily],
    [stagedRows(campaignDaily), campaignDaily],
    [outcomeParts, conversionDaily],
    [stagedRows(campaignConversionDaily), conversionDaily],
  ] as const
).map(
  ([rows, { figures }]) =>
    `
       select p.date, f.name, f.total
       from (select date, ${figures.map((name) => `sum(abs(${name})) as ${name}`).join(", ")} from ${rows} r group by date) p
       cross join lateral (values ${figures.map((name) => `('${name}', p.${name})`).join(", ")}) f (name, total)`,
);

/**
 * Judges every day of which anything was staged. Spend that was not staged was good when it was published. A day fails
 * where the platform's total is below the sum of its own parts by more than rounding explains, and no credit (a negative
 * figure that the platform itself reports) does, or where its figures are more than the warehouse holds. Conversions are
 * partly modelled (store visits) and need not add up: no spend is withheld for them.
 */
export const judgeDays = async (staged: StagedWindow): Promise<readonly DayCheck[]> => {
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
       full join ${stagedRows(campaignDaily)} c
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
       join ${stagedRows(campaignConversionDaily)} c
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
