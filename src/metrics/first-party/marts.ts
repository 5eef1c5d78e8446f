import type { FirstPartyDue } from "./due.ts";
import type { Day } from "../../domain/day.ts";
import { isCountedOnce } from "./exclusions.ts";
import { replaceRows } from "./replace-rows.ts";

/** In SQL: the exclusions of the days. A conversion and its exclusion lie on the same one. */
export const excludedOfDays = "(select * from marts.excluded_conversions where date = any ($1::date[]))";

/** In SQL: the day shares of imported costs, of bookings that reach the days. */
export const costsOfDays = `
  select k.* from warehouse.cost_daily k
  where k.date = any ($1::date[]) and k.cost_key in (
    select cost_key from warehouse.cost
    where period_end >= (select min(d) from unnest($1::date[]) d)
      and period_start <= (select max(d) from unnest($1::date[]) d))`;

/** Rates into a currency for the pairs of currency and day that a relation holds. */
const ratesFor = (relation: string): string => `
  select currency, date, warehouse.rate_on(date, currency, $2) as rate
  from (select distinct currency, date from ${relation} where currency is not null and currency <> $2) pair`;

/** What a mart's rows of some days are. $1 the days, $2 the reporting currency. */
export const martsSql = {
  channels: `
    with converted as (
      select c.date, c.channel, c.traffic, c.quantity, c.value, c.currency
      from warehouse.first_party_conversion c
      left join ${excludedOfDays} e using (conversion_id)
      where c.date = any ($1::date[]) and ${isCountedOnce("e.rule")}
      union all
      select date, channel, traffic, key_events, value, currency
      from warehouse.ga4_key_event_daily where date = any ($1::date[]) and event_name = any($3::text[])
    ),
    rate as (${ratesFor("converted")}),
    conversion as (
      select date, channel, traffic, sum(quantity) as conversions,
        case when bool_or(value is not null and amount is null) or count(distinct unit) > 1 then null
             else sum(amount) end as conversion_value, min(unit) as unit
      from (
        select c.*, case when $2::text is null or c.currency = $2 then c.value else c.value * r.rate end as amount,
               case when c.value is not null then coalesce($2, c.currency) end as unit
        from converted c left join rate r using (currency, date)
      ) valued
      group by 1, 2, 3
    ),
    session as (
      select date, channel, traffic, sum(sessions) as sessions from warehouse.ga4_session_daily
      where date = any ($1::date[]) group by 1, 2, 3
    ),
    visited as (select distinct date from session)
    select date, channel, traffic,
      coalesce(s.sessions, case when v.date is not null then 0 end)::numeric(18, 6) as sessions,
      coalesce(c.conversions, case when $4::boolean then 0 end)::numeric(18, 6) as conversions,
      case when c.date is null then case when $4::boolean then 0 end
           else figures.storable(c.conversion_value) end as conversion_value,
      coalesce(c.unit, $2) as currency
    from session s full join conversion c using (date, channel, traffic) left join visited v using (date)`,
  paid: `
    with spent as (
      select date, platform, account_id, campaign_id, min(currency) as currency,
        case when count(distinct currency) = 1 then sum(amount) end as spend, sum(conversions) as platform_conversions
      from (
        select m.date, a.platform, a.account_id, m.campaign_id, m.currency, m.spend as amount, m.conversions
        from figures.cost_per_conversion_daily m join warehouse.account a on a.account_key = m.account_key
        where m.date = any ($1::date[])
        union all
        select date, platform, account_id, campaign_id, currency, amount, null
        from (${costsOfDays}) k where cost_class = 'ad_spend' and platform <> ''
      ) cost
      group by 1, 2, 3, 4
    ),
    counted as (
      select c.date, c.platform, c.account_id, c.joined_campaign_id as campaign_id, c.joined_by, c.quantity, c.value,
             c.currency, coalesce(s.currency, a.currency, $2::text) as unit
      from warehouse.first_party_conversion c
      left join spent s on s.spend is not null and (s.date, s.platform, s.account_id, s.campaign_id)
        = (c.date, c.platform, c.account_id, c.joined_campaign_id)
      left join warehouse.account a on a.platform = c.platform and a.account_id = c.account_id
        and c.date between coalesce(a.series_from, '-infinity') and coalesce(a.series_to, 'infinity')
      where c.date = any ($1::date[])
        and not exists (select from ${excludedOfDays} e where e.conversion_id = c.conversion_id)
    ),
    rate as (
      select currency, unit, date, warehouse.rate_on(date, currency, unit) as rate
      from (select distinct currency, unit, date from counted where value is not null and unit is not null) pair
    ),
    conversion as (
      select c.date, c.platform, c.account_id, c.campaign_id, sum(c.quantity) as conversions,
        coalesce(sum(c.quantity) filter (where c.joined_by = 'name'), 0) as by_name, min(c.unit) as unit,
        case when bool_or(c.value is not null and r.rate is null) then null else sum(c.value * r.rate) end as value
      from counted c left join rate r using (currency, unit, date)
      group by 1, 2, 3, 4
    )
    select date, platform, account_id, campaign_id,
      case when s.spend is not null then s.currency else c.unit end as currency, s.spend::numeric(18, 6) as spend,
      coalesce(c.conversions, 0)::numeric(18, 6) as conversions,
      coalesce(c.by_name, 0)::numeric(18, 6) as conversions_joined_by_name,
      figures.storable(c.value) as conversion_value, s.platform_conversions::numeric(18, 6) as platform_conversions,
      case when c.conversions > 0 then figures.ratio(s.spend, c.conversions) end as cost_per_conversion
    from spent s full join conversion c using (date, platform, account_id, campaign_id)
    where s.spend is distinct from 0 or s.platform_conversions <> 0 or c.conversions is not null`,
} as const;

/** Stored rows of the days. */
export const ofDays = (days: readonly Day[]) => ({
  where: "old.date = any ($1::date[])",
  parameters: [days],
});

/** Whether a first-party conversion ever counted: a day without one has none from then on, and is unknown before. */
export const everConverted = async ({ client, settings }: FirstPartyDue): Promise<boolean> => {
  const { rows } = await client.query<{ converted: boolean }>(
    `select exists (select from warehouse.first_party_conversion c
                    where not exists (select from marts.excluded_conversions e
                                      where e.conversion_id = c.conversion_id and not (${isCountedOnce("e.rule")})))
         or exists (select from warehouse.ga4_key_event_daily where event_name = any ($1::text[])) as converted`,
    [settings.ga4KeyEvents ?? []],
  );
  return rows[0]?.converted === true;
};

/** Sessions by GA4 and first-party conversions by channel; repeats are left out, everything else is in. */
export const rollUpChannels = (
  { client, settings }: FirstPartyDue,
  days: readonly Day[],
  converted: boolean,
): Promise<void> =>
  replaceRows(client, {
    table: "marts.channel_daily",
    key: ["date", "channel", "traffic"],
    columns: ["date", "channel", "traffic", "sessions", "conversions", "conversion_value", "currency"],
    parameters: [days, settings.reportingCurrency ?? null, settings.ga4KeyEvents ?? [], converted],
    rows: martsSql.channels,
    within: ofDays(days),
  });

/** Paid spend against first-party paid conversions, by campaign where they were joined. */
export const rollUpPaid = ({ client, settings }: FirstPartyDue, days: readonly Day[]): Promise<void> =>
  replaceRows(client, {
    table: "figures.paid_cost_per_conversion_first_party_daily",
    key: ["date", "platform", "account_id", "campaign_id"],
    columns: [
      "date",
      "platform",
      "account_id",
      "campaign_id",
      "currency",
      "spend",
      "conversions",
      "conversions_joined_by_name",
      "conversion_value",
      "platform_conversions",
      "cost_per_conversion",
    ],
    parameters: [days, settings.reportingCurrency ?? null],
    rows: martsSql.paid,
    within: ofDays(days),
  });
