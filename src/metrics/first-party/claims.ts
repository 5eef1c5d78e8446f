import { type RawBuilder, sql } from "kysely";
import type { DayRange } from "../../domain/day.ts";
import type { Decimal } from "../../domain/decimal.ts";
import type { Read } from "../../warehouse/reading.ts";

/** What a platform claims against what the company counted: two measurements of the same, never added together. */
export interface PlatformClaim {
  readonly platform: string;
  /** Null for all accounts of the platform. */
  readonly account_id: string | null;
  readonly account_name: string | null;
  readonly campaign_id: string | null;
  readonly campaign_name: string | null;
  readonly currency: string | null;
  readonly spend: Decimal | null;
  readonly claimed: Decimal | null;
  readonly counted: Decimal;
  /** The part of the counted ones that found its campaign by name alone. */
  readonly counted_by_name: Decimal;
  readonly claimed_cost_per_conversion: Decimal | null;
  readonly cost_per_conversion: Decimal | null;
  /** claimed / counted: 2 where the platform claims twice what the company counted. */
  readonly factor: Decimal | null;
}

/** Sums and ratios of the rows of a group; an amount in several currencies is unknown. */
const figures = sql`
  case when count(distinct currency) filter (where spend is not null) = 1 then min(currency) filter (where spend is not null) end as currency,
  case when count(distinct currency) filter (where spend is not null) = 1
       and count(*) filter (where spend is null and platform_conversions is not null) = 0 then sum(spend) end as spend,
  sum(platform_conversions) as claimed, sum(conversions) as counted,
  sum(conversions_joined_by_name) as counted_by_name`;

const ratios = sql`
  figures.ratio(spend, claimed) as claimed_cost_per_conversion, figures.ratio(spend, counted) as cost_per_conversion,
  figures.ratio(claimed, counted) as factor`;

const within = ({ from, to }: DayRange, platform: string | undefined): RawBuilder<unknown> => sql`
  date between ${from}::date and ${to}::date
  and (${platform ?? null}::text is null or platform = ${platform ?? null})`;

/**
 * One row a platform, conversions that found no campaign included. Where its accounts spend in several currencies, the
 * spend is that of the KPI, in the reporting currency, or unknown.
 */
export const claimsByPlatform = (
  read: Read,
  range: DayRange,
  platform: string | undefined,
): Promise<readonly PlatformClaim[]> =>
  read(sql`
    select platform, null::text as account_id, null::text as account_name, null::text as campaign_id,
           null::text as campaign_name, currency, spend, claimed, counted, counted_by_name, ${ratios}
    from (
      select g.platform, coalesce(g.currency, k.currency) as currency, coalesce(g.spend, k.spend) as spend, g.claimed,
             g.counted, g.counted_by_name
      from (
        select platform, ${figures} from marts.paid_cost_per_conversion_first_party_daily
        where ${within(range, platform)} group by platform
      ) g
      left join (
        select dimensions ->> 'platform' as platform, sum(numerator) as spend, min(unit) as currency
        from marts.kpi_daily
        where kpi = 'conversion_cost' and dimensions ? 'platform'
          and date between ${range.from}::date and ${range.to}::date
        group by 1 having count(*) = count(numerator) and count(distinct unit) = 1
      ) k on k.platform = g.platform and g.spend is null
    ) g order by spend desc nulls last, platform`);

/** About what one unit of each currency was worth at the end of the range; empty where there is no reporting currency. */
const worthOf = async (read: Read, { to }: DayRange): Promise<string> => {
  const rows = await read<{ currency: string; rate: string }>(sql`
    select a.currency, avg(r.rate) as rate
    from figures.day_rate r join warehouse.account a using (account_key)
    where r.date between ${to}::date - 30 and ${to}::date and r.rate is not null
    group by a.currency`);
  return JSON.stringify(Object.fromEntries(rows.map(({ currency, rate }) => [currency, rate])));
};

/** The campaigns with most spend, whatever it is in; an empty campaign holds what found none. */
export const claimsByCampaign = async (
  read: Read,
  range: DayRange,
  platform: string | undefined,
  { page, size }: { readonly page: number; readonly size: number },
): Promise<readonly (PlatformClaim & { readonly count: number })[]> =>
  read(sql`
    select platform, account_id, account_name, campaign_id, campaign_name, currency, spend, claimed, counted,
           counted_by_name, ${ratios}, count(*) over ()::int as count
    from (
      select platform, account_id, max(account_name) as account_name, campaign_id,
             max(campaign_name) as campaign_name, ${figures}
      from marts.paid_cost_per_conversion_first_party_daily
      where ${within(range, platform)} group by platform, account_id, campaign_id
    ) g
    order by spend * (${await worthOf(read, range)}::jsonb ->> currency)::numeric desc nulls last, spend desc nulls last,
             platform, account_id, campaign_id
    limit ${size} offset ${(page - 1) * size}`);

export interface LeftOutConversions {
  readonly rule: string;
  /** Why, in words. */
  readonly detail: string;
  readonly conversions: Decimal;
  readonly value: Decimal | null;
  readonly currency: string | null;
}

/** First-party conversions that no paid cost per conversion counts, by the rule that left them out. */
export const leftOutConversions = (read: Read, range: DayRange): Promise<readonly LeftOutConversions[]> =>
  read(sql`
    select rule, min(detail collate "C") as detail, sum(conversions) as conversions,
           case when count(distinct currency) <= 1 then sum(conversion_value) end as value,
           case when count(distinct currency) = 1 then min(currency) end as currency
    from marts.excluded_conversions where date between ${range.from}::date and ${range.to}::date
    group by rule order by sum(conversions) desc, rule`);
