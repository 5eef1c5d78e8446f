import type pg from "pg";
import { isPlatform, profileOf } from "../../connectors/registry.ts";
import type { DayRange } from "../../domain/day.ts";
import { clickIdPlatforms } from "../channels/click-ids.ts";

/** One gap in tracking, with its figures and what to do about it. */
export interface Finding {
  readonly check: AuditCheck;
  /** The ad platform; empty where it concerns several. */
  readonly platform: string;
  readonly figures: Readonly<Record<string, string | null>>;
  readonly explanation: string;
  readonly remedy: string;
}

export type AuditCheck =
  | "untagged_clicks"
  | "unmatched_tags"
  | "claimed_twice"
  | "two_click_ids"
  | "uncosted_channel"
  | "spend_imported_twice";

type Row = Readonly<Record<string, string | null>>;

interface Check {
  readonly check: AuditCheck;
  /** $1 and $2 are the first and last day. A column `platform`, the rest are figures. */
  readonly sql: string;
  readonly explain: (row: Row) => string;
  readonly remedy: (row: Row) => string;
}

/** What the platform itself offers against untagged clicks, if anything. */
const taggingRemedy = (platform: string | null | undefined): string | undefined =>
  platform && isPlatform(platform) ? profileOf(platform).clicks?.remedy : undefined;

const counted = `
  select c.*, e.rule from warehouse.first_party_conversion c left join marts.excluded_conversions e using (conversion_id)
  where c.date between $1 and $2 and coalesce(e.rule, '') not in ('retracted', 'duplicate_order')`;

const checks: readonly Check[] = [
  {
    check: "untagged_clicks",
    sql: `
      with fact as (
        select platform, sum(spend) as spend, sum(clicks) as clicks, sum(conversions) as platform_conversions, min(currency) as currency
        from marts.cost_per_conversion_daily where date between $1 and $2 group by 1 having sum(spend) > 0
      ),
      arrival as (
        select source_platform as platform, sum(quantity) filter (where traffic = 'paid') as paid_conversions,
          sum(quantity) filter (where traffic <> 'paid') as unpaid_with_its_source,
          string_agg(distinct medium, ', ') filter (where traffic <> 'paid') as their_mediums
        from (${counted}) c group by 1
      )
      select f.platform, trim_scale(f.spend)::text as spend, f.currency, f.clicks::text as clicks,
        trim_scale(f.platform_conversions)::text as platform_conversions,
        trim_scale(coalesce(a.paid_conversions, 0))::text as paid_conversions,
        trim_scale(coalesce(a.unpaid_with_its_source, 0))::text as unpaid_with_its_source, a.their_mediums
      from fact f left join arrival a using (platform)
      where exists (select from (${counted}) c)
        and (coalesce(a.unpaid_with_its_source, 0) > coalesce(a.paid_conversions, 0)
          or (coalesce(a.paid_conversions, 0) = 0 and f.platform_conversions > 0))
      order by f.spend desc`,
    explain: (row) =>
      `${row["clicks"] ?? "0"} clicks were paid with ${row["spend"] ?? "0"} ${row["currency"] ?? ""}, and the platform counts ${row["platform_conversions"] ?? "0"} conversions; first-party data know ${row["paid_conversions"] ?? "0"} paid ones, and ${row["unpaid_with_its_source"] ?? "0"} unpaid ones that bear its name`,
    remedy: (row) =>
      taggingRemedy(row["platform"]) ??
      `tag the ads with a paid medium such as cpc and utm_id as the campaign's id${row["their_mediums"] ? ` (seen now: ${row["their_mediums"]})` : ""}`,
  },
  {
    check: "unmatched_tags",
    sql: `
      select platform, coalesce(nullif(trim(campaign_id), ''), campaign) as tag, trim_scale(sum(quantity))::text as conversions
      from (${counted}) c
      where traffic = 'paid' and platform is not null and joined_campaign_id = ''
        and coalesce(nullif(trim(campaign_id), ''), nullif(trim(campaign), '')) is not null
        and exists (select from warehouse.account a where a.platform = c.platform)
      group by 1, 2 order by sum(quantity) desc limit 100`,
    explain: (row) =>
      `${row["conversions"] ?? "0"} paid conversions are tagged ${JSON.stringify(row["tag"])}, and no campaign of the platform has this id or, alone, this name`,
    remedy: () =>
      "put the campaign's id into utm_id; campaigns of accounts that costper does not pull stay unknown",
  },
  {
    check: "claimed_twice",
    sql: `
      with claimed as (
        select count(distinct platform) filter (where conversions > 0) as platforms, sum(conversions) as claimed
        from marts.cost_per_conversion_daily where date between $1 and $2
      ),
      own as (select sum(quantity) as paid from (${counted}) c where rule is null)
      select '' as platform, trim_scale(claimed)::text as claimed, trim_scale(paid)::text as first_party_paid,
        round(claimed / nullif(paid, 0), 2)::text as factor
      from claimed, own where platforms > 1 and claimed > paid and paid > 0`,
    explain: (row) =>
      `the platforms together claim ${row["claimed"] ?? "0"} conversions, ${row["factor"] ?? "?"} times the ${row["first_party_paid"] ?? "0"} paid ones of first-party data: some are claimed by more than one`,
    remedy: () => "judge the total by the first-party figure; never add up what the platforms claim",
  },
  {
    check: "two_click_ids",
    sql: `
      select '' as platform, ids, trim_scale(sum(quantity))::text as conversions
      from (
        select quantity, (
          select string_agg(distinct k.platform, ', ' order by k.platform)
          from (values ${clickIdPlatforms.map(([name, platform]) => `('${name}', '${platform}')`).join(", ")}) k (name, platform)
          where c.click_ids ? k.name or (k.name = 'gclid' and c.gclid is not null)) as ids
        from (${counted}) c
      ) carried
      where ids like '%,%' group by ids order by sum(quantity) desc`,
    explain: (row) =>
      `${row["conversions"] ?? "0"} conversions carry click ids of several platforms (${row["ids"] ?? ""}); each of them claims the conversion`,
    remedy: () =>
      "keep only the ids of the landing page's own URL; an old id may come from a cookie or a shared link",
  },
  {
    check: "uncosted_channel",
    sql: `
      select coalesce(platform, '') as platform, channel, coalesce(source, '') as source,
        trim_scale(sum(quantity))::text as conversions, min(date)::text as first_day, max(date)::text as last_day
      from (${counted}) c where rule = 'uncosted' group by 1, 2, 3 order by sum(quantity) desc limit 100`,
    explain: (row) =>
      `${row["conversions"] ?? "0"} paid conversions of ${row["channel"] ?? ""} from ${row["source"] || row["platform"] || "an unnamed source"} (${row["first_day"] ?? ""} to ${row["last_day"] ?? ""}) have no spend to be divided by, and are left out`,
    remedy: () =>
      "connect the platform, or import what it cost: costper import costs, class ad_spend, with its platform",
  },
  {
    check: "spend_imported_twice",
    sql: `
      with spent as materialized (
        select distinct platform, account_id, date from marts.cost_per_conversion_daily
        where date between $1 and $2 and spend > 0
      )
      select k.platform, k.account_id, trim_scale(sum(k.amount))::text as imported, min(k.currency) as currency,
        count(distinct k.date)::text as days
      from warehouse.cost_daily k
      where k.cost_class = 'ad_spend' and k.platform <> '' and k.date between $1 and $2
        and exists (select from spent m where m.platform = k.platform and m.date = k.date
                    and (k.account_id = '' or m.account_id = k.account_id))
      group by 1, 2 order by sum(k.amount) desc`,
    explain: (row) =>
      `${row["imported"] ?? "0"} ${row["currency"] ?? ""} of imported ad spend fall on ${row["days"] ?? "0"} days whose spend the platform reports itself; both are counted`,
    remedy: () => "import only what the platform does not report, such as fees; take the rest out",
  },
];

/** Looks for gaps in tracking on what is stored; asks no platform. */
export const auditTracking = async (pool: pg.Pool, { from, to }: DayRange): Promise<readonly Finding[]> => {
  const findings: Finding[] = [];
  for (const { check, sql, explain, remedy } of checks) {
    const { rows } = await pool.query<Row>(sql, [from, to]);
    for (const row of rows) {
      const { platform, ...figures } = row;
      findings.push({
        check,
        platform: platform ?? "",
        figures,
        explanation: explain(row),
        remedy: remedy(row),
      });
    }
  }
  return findings;
};
