import { sql } from "kysely";
import * as z from "zod";
import type { MovedDay } from "./answers.ts";
import { accountKeys, amongKeys, filterKeys } from "./query.ts";
import type { Read } from "./read.ts";

export const movedQuery = z.strictObject({ platform: filterKeys.platform, account: filterKeys.account });

const shown = 20;

/** How many of the changed campaign-days are compared with what stood before: those with the most conversions. */
const compared = 2000;

/**
 * The campaign-days that moved most in the last day of changes, as a way into their histories. A day's first report is
 * no move: days that were not yet two days old when it came are taken for that without looking.
 */
export const moved = async (
  read: Read,
  query: z.infer<typeof movedQuery>,
): Promise<{ readonly rows: readonly MovedDay[] }> => {
  const keys = await accountKeys(read, query);
  const among = keys === undefined ? sql`` : sql`and ${amongKeys(sql.ref("h.account_key"), keys)}`;
  const [last] = await read<{ at: string | null }>(sql`
    select max(refreshed_at)::text as at from marts.cost_per_conversion_by_account_daily`);
  if (last === undefined || last.at === null) return { rows: [] };
  const rows = await read<MovedDay>(sql`
    with changed as materialized (
      select h.account_key, h.platform, h.account_id, h.campaign_id, h.date, h.observed_at, h.currency,
             h.conversions, h.spend
      from marts.cost_per_conversion_history h
      where h.observed_at > ${last.at}::timestamptz - interval '1 day'
        and h.date > ${last.at}::timestamptz - interval '400 days'
        and h.date < h.observed_at - interval '2 days' ${among}
      order by h.conversions desc nulls last limit ${compared}
    ), compared as (
      select distinct on (h.account_key, h.date, h.campaign_id, c.observed_at)
             h.account_key, h.date, h.campaign_id, c.observed_at, c.platform, c.account_id, c.currency, c.conversions,
             c.spend, h.conversions as conversions_before, h.spend as spend_before
      from changed c
      join marts.cost_per_conversion_history h
        on h.account_key = c.account_key and h.date = c.date and h.campaign_id = c.campaign_id
       and h.observed_at < c.observed_at
      order by h.account_key, h.date, h.campaign_id, c.observed_at, h.observed_at desc
    )
    select c.platform, c.account_id, a.name as account_name, c.campaign_id, p.name as campaign_name, c.date,
           c.observed_at, c.currency, c.conversions, c.conversions_before, c.spend, c.spend_before
    from compared c
    join warehouse.account a on a.account_key = c.account_key
    left join warehouse.campaign p on p.account_key = c.account_key and p.campaign_id = c.campaign_id
    order by abs(coalesce(c.conversions, 0) - coalesce(c.conversions_before, 0)) desc, c.observed_at desc, c.date desc
    limit ${shown}`);
  return { rows };
};
