import { type Kysely, sql } from "kysely";
import type { Platform } from "../domain/platform.ts";
import { expectedDay, type Schedule, usualSchedule } from "../domain/schedule.ts";
import type { DB } from "./schema.ts";

export interface AccountStatus {
  readonly platform: Platform;
  readonly account_id: string;
  /** Null until the platform has told it. */
  readonly name: string | null;
  /** The youngest day whose figures are complete, or known to be none. */
  readonly last_good_date: string | null;
  /** Hours since the end of that day in the account's zone. */
  readonly freshness_hours: number | null;
  /** The day that a night which was due should have brought by now. */
  readonly expected_date: string;
  /** Whether it did not. A closed account is never stale. */
  readonly stale: boolean;
  /**
   * Of the last slice: done, failed, running, cancelled; closed for an account that is no longer active; paused for
   * one that a person paused; never.
   */
  readonly outcome: string;
  readonly failure: string | null;
  /** What to do about that failure. */
  readonly remedy: string | null;
  /** Who paused it, since when and why; null where nobody did. */
  readonly paused: {
    readonly since: string;
    readonly by: string | null;
    readonly reason: string | null;
  } | null;
}

/** Freshness and the last outcome of every account that is known or that the configuration names. */
export const accountStatus = async (
  db: Kysely<DB>,
  named: readonly { readonly platform: Platform; readonly accountId: string }[],
  now: Date,
  schedule: Schedule = usualSchedule,
): Promise<readonly AccountStatus[]> => {
  const { rows } = await sql<Omit<AccountStatus, "expected_date" | "stale"> & { readonly time_zone: string }>`
    with accounts as (
      select platform, account_id from warehouse.account
      union
      select * from unnest(${named.map(({ platform }) => platform)}::text[], ${named.map(({ accountId }) => accountId)}::text[])
    ),
    good as (
      select platform, account_id, max(date) as last_good_date from ops.account_day
      where state in ('complete', 'no_spend') group by platform, account_id
    ),
    failing as (
      select platform, account_id, min(cause) as cause, count(*) as days from ops.account_day
      where state = 'failed' group by platform, account_id
    )
    select a.platform, a.account_id, w.name, g.last_good_date, coalesce(w.time_zone, 'UTC') as time_zone,
           case when g.last_good_date is not null then greatest(0, round(extract(epoch from ${now}::timestamptz
                 - ((g.last_good_date + 1)::timestamp at time zone coalesce(w.time_zone, 'UTC'))) / 3600, 1)) end::float8
             as freshness_hours,
           case when not w.is_active then 'closed' when p.account_id is not null then 'paused' when f.days > 0 then 'failed'
                else coalesce(s.outcome, 'never') end as outcome,
           case when p.account_id is null then coalesce(s.failure, f.cause) end as failure,
           case when p.account_id is null then nullif(s.remedy, '') end as remedy,
           case when p.account_id is not null
             then json_build_object('since', p.since, 'by', p.made_by, 'reason', p.reason) end as paused
    from accounts a
    left join (select * from warehouse.account where series_to is null) w using (platform, account_id)
    left join good g using (platform, account_id)
    left join failing f using (platform, account_id)
    left join ops.account_pause p using (platform, account_id)
    left join lateral (
      select outcome, failure, remedy from ops.slice s
      where s.platform = a.platform and s.account_id = a.account_id
      order by started_at desc limit 1
    ) s on true
    order by a.platform, a.account_id`.execute(db);
  return rows.map(({ time_zone, ...account }) => {
    const expected_date = expectedDay(schedule, time_zone, now);
    const stale =
      !["closed", "paused"].includes(account.outcome) && (account.last_good_date ?? "") < expected_date;
    return { ...account, expected_date, stale };
  });
};
