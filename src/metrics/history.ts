import { type Kysely, sql } from "kysely";
import type { Day } from "../domain/day.ts";
import type { Platform } from "../domain/platform.ts";
import type { DB } from "../warehouse/schema.ts";

/** The figures of a campaign-day as they stood from one moment on; all of them NULL once it had vanished. */
export interface Change {
  readonly observed_at: Date;
  /** Whole days between the reporting day and the observation, on the account's calendar. */
  readonly age_days: number;
  readonly spend: string | null;
  readonly impressions: string | null;
  readonly clicks: string | null;
  readonly conversions: string | null;
  readonly conversion_value: string | null;
  readonly organic_conversions: string | null;
  readonly cost_per_conversion: string | null;
}

export interface CampaignDayHistory {
  readonly platform: Platform;
  readonly account_id: string;
  readonly campaign_id: string;
  readonly campaign_name: string | null;
  readonly date: Day;
  readonly currency: string;
  readonly is_final: boolean | null;
  readonly time_zone: string;
  readonly changes: readonly Change[];
}

/** How the figures of a campaign's day moved, oldest first; one entry for each account that has such a campaign. */
export const campaignDayHistory = async (
  db: Kysely<DB>,
  asked: {
    readonly campaignId: string;
    readonly date: Day;
    readonly platforms: readonly Platform[];
  },
): Promise<readonly CampaignDayHistory[]> => {
  const { rows } = await sql<Omit<CampaignDayHistory, "changes"> & Change>`
    select h.platform, h.account_id, h.campaign_id, c.name as campaign_name, h.date, h.currency, m.is_final,
           a.time_zone, h.observed_at, (h.observed_at at time zone a.time_zone)::date - h.date as age_days,
           h.spend, h.impressions, h.clicks, h.conversions, h.conversion_value, h.organic_conversions,
           h.cost_per_conversion
    from marts.cost_per_conversion_history h
    join warehouse.account a on a.account_key = h.account_key
    left join warehouse.campaign c on c.account_key = h.account_key and c.campaign_id = h.campaign_id
    left join marts.cost_per_conversion_daily m
      on m.account_key = h.account_key and m.date = h.date and m.campaign_id = h.campaign_id
    where h.date = ${asked.date} and h.campaign_id = ${asked.campaignId}
      and h.platform = any (${asked.platforms})
    order by h.platform, h.account_id, h.observed_at`.execute(db);
  const found: (Omit<CampaignDayHistory, "changes"> & { changes: Change[] })[] = [];
  for (const { observed_at, age_days, spend, impressions, clicks, ...row } of rows) {
    const { conversions, conversion_value, organic_conversions, cost_per_conversion, ...campaign } = row;
    const figures = { spend, impressions, clicks, conversions, conversion_value, organic_conversions };
    const change: Change = { observed_at, age_days, ...figures, cost_per_conversion };
    const last = found.at(-1);
    if (last?.platform === row.platform && last.account_id === row.account_id) last.changes.push(change);
    else found.push({ ...campaign, changes: [change] });
  }
  return found;
};
