import type pg from "pg";
import type { Day, DayRange } from "../domain/day.ts";
import type { Account, AdClick } from "../domain/facts.ts";
import { holdingConnection } from "./connection/pool.ts";
import { inTransaction } from "./transaction.ts";

/** The days of the range whose clicks are not final yet, newest first. */
export const missingClickDays = async (
  pool: pg.Pool,
  { platform, id }: Account,
  { from, to }: DayRange,
): Promise<readonly Day[]> => {
  const { rows } = await pool.query<{ date: Day }>(
    `select d::date as date from generate_series($3::date, $4::date, interval '1 day') d
     where not exists (
       select from ops.click_day k
       where k.platform = $1 and k.account_id = $2 and k.date = d::date and k.is_settled)
     order by 1 desc`,
    [platform, id, from, to],
  );
  return rows.map(({ date }) => date);
};

/** Replaces the clicks of one account-day, all of them or none. */
export const replaceClickDay = (
  pool: pg.Pool,
  { platform, id }: Account,
  day: { readonly date: Day; readonly settled: boolean; readonly clicks: AsyncIterable<readonly AdClick[]> },
  signal: AbortSignal,
): Promise<number> =>
  holdingConnection(pool, signal, () =>
    inTransaction(pool, (client) => writeDay(client, { platform, id }, day)),
  );

const writeDay = async (
  client: pg.PoolClient,
  { platform, id }: Pick<Account, "platform" | "id">,
  day: Parameters<typeof replaceClickDay>[2],
): Promise<number> => {
  const place = [platform, id, day.date];
  await client.query(
    "delete from warehouse.click where platform = $1 and account_id = $2 and date = $3",
    place,
  );
  let count = 0;
  for await (const clicks of day.clicks) {
    const { rowCount } = await client.query(
      `insert into warehouse.click as old (platform, account_id, date, click_id, campaign_id, ad_group_id, ad_id, network)
         select distinct on (r.click_id) $1, $2, $3::date, r.*
         from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
           as r (click_id, campaign_id, ad_group_id, ad_id, network)
         order by r.click_id
         on conflict (platform, click_id) do update set
           account_id = excluded.account_id, date = excluded.date, campaign_id = excluded.campaign_id,
           ad_group_id = excluded.ad_group_id, ad_id = excluded.ad_id, network = excluded.network`,
      [
        ...place,
        clicks.map(({ clickId }) => clickId),
        clicks.map(({ campaignId }) => campaignId),
        clicks.map(({ adGroupId }) => adGroupId),
        clicks.map(({ adId }) => adId),
        clicks.map(({ network }) => network),
      ],
    );
    count += rowCount ?? 0;
  }
  await client.query(
    `insert into ops.click_day as old (platform, account_id, date, clicks, is_settled) values ($1, $2, $3, $4, $5)
       on conflict (platform, account_id, date) do update set
         clicks = excluded.clicks, is_settled = excluded.is_settled, fetched_at = now()`,
    [...place, count, day.settled],
  );
  return count;
};
