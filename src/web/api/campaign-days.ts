import { sql } from "kysely";
import * as z from "zod";
import type { CampaignDayRow, CampaignDays, HistoryRow, MaturityCurve } from "./answers.ts";
import { WebProblem } from "../failures.ts";
import { accountOf, amongKeys, filterKeys } from "./query.ts";
import { rangeKeys, resolveRange } from "./ranges.ts";
import type { Read } from "./read.ts";

const campaignKeys = {
  account: filterKeys.account.unwrap(),
  campaign: filterKeys.campaign.unwrap(),
};

export const campaignDaysQuery = z.strictObject({ ...rangeKeys, ...campaignKeys });
export const historyQuery = z.strictObject({ ...campaignKeys, date: rangeKeys.from.unwrap() });
export const maturityQuery = z.strictObject({
  platform: filterKeys.platform,
  account: filterKeys.account,
});

interface Found {
  /** All series of the account: one whose currency or time zone changed has several, each with days of its own. */
  readonly account_keys: readonly number[];
  readonly platform: string;
  readonly account_id: string;
  readonly account_name: string;
  readonly campaign_name: string | null;
}

const find = async (read: Read, account: string, campaign: string): Promise<Found> => {
  const { platform, id } = accountOf(account);
  const [found] = await read<Found>(sql`
    select array_agg(a.account_key) as account_keys, a.platform, a.account_id,
           (array_agg(a.name order by a.account_key desc))[1] as account_name,
           (array_agg(c.name order by a.account_key desc) filter (where c.name is not null))[1] as campaign_name
    from warehouse.account a
    left join warehouse.campaign c on c.account_key = a.account_key and c.campaign_id = ${campaign}
    where a.platform = ${platform} and a.account_id = ${id}
    group by a.platform, a.account_id`);
  if (found === undefined)
    throw new WebProblem(404, "there is no such account", "choose one in the breakdown");
  return found;
};

/** A campaign's days with what was first reported of each: where figures moved, and by how much. */
export const campaignDays = async (
  read: Read,
  query: z.infer<typeof campaignDaysQuery>,
): Promise<CampaignDays> => {
  const range = await resolveRange(read, query);
  const { account_keys, ...found } = await find(read, query.account, query.campaign);
  const rows = await read<CampaignDayRow>(sql`
    select m.date, m.currency, m.spend, m.impressions, m.clicks, m.conversions, m.conversion_value,
           m.organic_conversions, m.cost_per_conversion, m.cost_per_click, m.conversion_rate,
           m.return_on_ad_spend, m.is_final, m.projected_conversions, h.first_conversions,
           coalesce(h.changes, 0) as changes, m.refreshed_at
    from marts.cost_per_conversion_daily m
    left join (
      select date, count(*)::int - 1 as changes,
             (array_agg(conversions order by observed_at))[1] as first_conversions
      from marts.cost_per_conversion_history
      where ${amongKeys(sql`account_key`, account_keys)} and campaign_id = ${query.campaign}
        and date between ${range.from}::date and ${range.to}::date
      group by date
    ) h using (date)
    where ${amongKeys(sql`m.account_key`, account_keys)} and m.campaign_id = ${query.campaign}
      and m.date between ${range.from}::date and ${range.to}::date
    order by m.date desc`);
  return { range, campaign: { ...found, campaign_id: query.campaign }, rows };
};

/** How one campaign-day's figures moved, from the first report on. */
export const history = async (
  read: Read,
  query: z.infer<typeof historyQuery>,
): Promise<{ readonly rows: readonly HistoryRow[] }> => {
  const { account_keys } = await find(read, query.account, query.campaign);
  const rows = await read<HistoryRow>(sql`
    select observed_at, currency, spend, clicks, conversions, conversion_value, cost_per_conversion
    from marts.cost_per_conversion_history
    where ${amongKeys(sql`account_key`, account_keys)} and campaign_id = ${query.campaign} and date = ${query.date}::date
    order by observed_at`);
  return { rows };
};

/** How complete a day's conversions are at each age, by account. */
export const maturity = async (
  read: Read,
  query: z.infer<typeof maturityQuery>,
): Promise<{ readonly curves: readonly MaturityCurve[] }> => {
  const wanted = query.account === undefined ? undefined : accountOf(query.account);
  const curves = await read<MaturityCurve>(sql`
    select m.platform, m.account_id, a.name as account_name, max(m.basis) as basis,
           array_agg(m.age_days order by m.age_days) as ages,
           array_agg(m.share::text order by m.age_days) as shares
    from marts.conversion_maturity m
    left join (select * from warehouse.account where series_to is null) a using (platform, account_id)
    where (${query.platform ?? null}::text is null or m.platform = ${query.platform ?? null})
      and (${wanted?.id ?? null}::text is null
           or (m.platform = ${wanted?.platform ?? null} and m.account_id = ${wanted?.id ?? null}))
    group by 1, 2, 3 order by 1, 2 limit 12`);
  return { curves };
};
