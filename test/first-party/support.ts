import type { Database } from "../../src/warehouse/database.ts";
import { rollUpFirstParty } from "../../src/metrics/first-party.ts";
import type { FirstPartySettings } from "../../src/metrics/first-party/settings.ts";
import {
  touchAccount,
  touchCampaignNames,
  touchEntities,
  touchFirstPartyDays,
} from "../../src/warehouse/touched-first-party.ts";
import { inTransaction } from "../../src/warehouse/transaction.ts";
import { importText } from "../imports/support.ts";

export const rollUp = (database: Database, settings: Partial<FirstPartySettings> = {}): Promise<void> =>
  rollUpFirstParty({ database, settings: { timeZone: "Europe/Copenhagen", ...settings } });

/** Makes everything again: what a rollup of what is marked must have come to. */
export const rollUpWhole = (database: Database, settings: Partial<FirstPartySettings> = {}): Promise<void> =>
  rollUpFirstParty({ database, settings: { timeZone: "Europe/Copenhagen", ...settings }, whole: true });

/** An account with one campaign in the dimensions. */
export const seedCampaign = async (
  database: Database,
  campaign: {
    readonly platform: string;
    readonly account: string;
    readonly id: string;
    readonly name?: string;
    readonly type?: string;
    readonly currency?: string;
  },
): Promise<void> => {
  await database.pool.query(
    `with a as (
       insert into warehouse.account (platform, account_id, name, currency, time_zone, status, is_active, restatement_days)
       values ($1, $2, 'Shop', $6, 'Europe/Copenhagen', 'ENABLED', true, 30)
       on conflict (platform, account_id) where series_to is null do update set name = excluded.name returning account_key)
     insert into warehouse.campaign (account_key, campaign_id, name, status, type)
     select account_key, $3, $4, 'ENABLED', $5 from a`,
    [
      campaign.platform,
      campaign.account,
      campaign.id,
      campaign.name ?? campaign.id,
      campaign.type ?? "",
      campaign.currency ?? "EUR",
    ],
  );
  await inTransaction(database.pool, async (client) => {
    await touchAccount(client, campaign.platform, campaign.account);
    await touchEntities(client, [campaign.id]);
    await touchCampaignNames(client, [(campaign.name ?? campaign.id).toLowerCase()]);
  });
};

/** A campaign's day in the mart that the platforms' rollup writes, added to its account's, and marked. */
export const seedSpend = async (
  database: Database,
  day: {
    readonly platform: string;
    readonly account: string;
    readonly campaign: string;
    readonly date: string;
    readonly spend: string;
    readonly conversions?: string;
    readonly organic?: string;
    readonly currency?: string;
  },
): Promise<void> => {
  await database.pool.query("select warehouse.ensure_partition('figures.cost_per_conversion_daily', $1)", [
    day.date,
  ]);
  await database.pool.query(
    `with there as (
       insert into warehouse.account (platform, account_id, name, currency, time_zone, status, is_active, restatement_days)
       values ($2, $3, 'Shop', $8, 'Europe/Copenhagen', 'ENABLED', true, 30)
       on conflict (platform, account_id) where series_to is null do update set name = excluded.name returning account_key)
     insert into figures.cost_per_conversion_daily
       (account_key, date, campaign_id, currency, spend, impressions, clicks, conversions, conversion_value,
        organic_conversions, refreshed_at)
     select account_key, $1, $4, $8, $5, 1000, 100, $6, 0, $7, now() from there`,
    [
      day.date,
      day.platform,
      day.account,
      day.campaign,
      day.spend,
      day.conversions ?? "0",
      day.organic ?? "0",
      day.currency ?? "EUR",
    ],
  );
  await database.pool.query(
    `insert into figures.cost_per_conversion_by_account_daily
       (account_key, date, campaigns, currency, spend, impressions, clicks, conversions, conversion_value,
        organic_conversions, refreshed_at)
     select account_key, date, count(*), max(m.currency), sum(spend), sum(impressions), sum(clicks), sum(conversions),
            sum(conversion_value), sum(organic_conversions), now()
     from figures.cost_per_conversion_daily m join warehouse.account a using (account_key)
     where m.date = $1 and a.platform = $2 and a.account_id = $3 group by 1, 2
     on conflict (account_key, date) do update
     set campaigns = excluded.campaigns, spend = excluded.spend, impressions = excluded.impressions,
         clicks = excluded.clicks, conversions = excluded.conversions,
         conversion_value = excluded.conversion_value, organic_conversions = excluded.organic_conversions`,
    [day.date, day.platform, day.account],
  );
  await inTransaction(database.pool, (client) => touchFirstPartyDays(client, [day.date]));
};

/** Imports CSV text that must be without fault. */
export const load = async (database: Database, kind: string, ...lines: readonly string[]): Promise<void> => {
  const { problems } = await importText(database, kind, lines.join("\n"));
  if (problems.length > 0) throw new Error(problems.join("\n"));
};

/** A KPI's figures of a day, as plain numbers cut to six decimals. */
export const kpiOf = async (
  database: Database,
  kpi: string,
  dimensions: Readonly<Record<string, string>> = {},
  date = "2026-11-01",
): Promise<
  { numerator: number | null; denominator: number | null; value: number | null; unit: string } | undefined
> => {
  const { rows } = await database.pool.query<{
    numerator: number | null;
    denominator: number | null;
    value: number | null;
    unit: string;
  }>(
    `select round(numerator, 6)::float8 as numerator, round(denominator, 6)::float8 as denominator,
            round(value, 6)::float8 as value, unit
     from marts.kpi_daily where kpi = $1 and dimensions = $2 and date = $3`,
    [kpi, JSON.stringify(dimensions), date],
  );
  return rows[0];
};
