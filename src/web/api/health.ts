import { sql } from "kysely";
import * as z from "zod";
import { countDays } from "../../domain/day.ts";
import { expectedDay, type Schedule } from "../../domain/schedule.ts";
import { inUse } from "../../warehouse/credentials.ts";
import type { Health } from "./health-answers.ts";
import { countOf, filterKeys, pageKeys } from "./query.ts";
import { rangeKeys, resolveRange } from "./ranges.ts";
import type { Read } from "./read.ts";
import { WebProblem } from "../failures.ts";

const longestDays = 400;

export const healthQuery = z.strictObject({
  ...rangeKeys,
  platform: filterKeys.platform,
  page: pageKeys.page,
  size: pageKeys.size.default(50),
});

type Account = Health["accounts"][number];
type Line = Omit<Account, "stale"> & {
  readonly count: number;
  readonly time_zone: string;
  readonly is_active: boolean;
};

const accountsOf = (
  read: Read,
  range: Health["range"],
  { platform, page, size }: z.infer<typeof healthQuery>,
): Promise<readonly Line[]> =>
  read(sql`
    with known as (
      select platform, account_id, max(date) filter (where state in ('complete', 'no_spend')) as last_good_date,
             max(fetched_at) as fetched_at
      from ops.account_day
      where ${platform ?? null}::text is null or platform = ${platform ?? null}
      group by 1, 2
    ), page as (
      select k.*, count(*) over ()::int as count from known k
      order by last_good_date nulls first, platform, account_id limit ${size} offset ${(page - 1) * size}
    ), cells as (
      select p.platform, p.account_id, g.day::date as date, d.cause, d.difference,
             case when d.state is null then '-'
                  when d.state = 'failed' then 'f'
                  when d.state = 'not_fetched' then 'n'
                  when ops.differs(d) then 'd'
                  when d.state = 'account_closed' then 'x'
                  when d.state = 'no_spend' then 's'
                  else 'c' end as letter
      from page p
      cross join generate_series(${range.from}::date, ${range.to}::date, interval '1 day') as g (day)
      left join ops.account_day d on d.platform = p.platform and d.account_id = p.account_id and d.date = g.day::date
    ), lines as (
      select platform, account_id, string_agg(letter, '' order by date) as states,
             coalesce(json_agg(json_build_object('date', date, 'text', concat_ws(': ',
               case when letter in ('f', 'd') and difference <> 0 then 'platform minus ours ' || trim_scale(difference) end, cause)) order by date)
               filter (where letter in ('f', 'd') and (cause is not null or difference <> 0)), '[]') as notes
      from cells group by 1, 2
    )
    select p.platform, p.account_id, a.name as account_name, p.last_good_date, p.fetched_at, p.count, l.states, l.notes,
           coalesce(a.time_zone, 'UTC') as time_zone, coalesce(a.is_active, true) as is_active,
           case when u.account_id is not null
             then json_build_object('since', u.since, 'by', u.made_by, 'reason', u.reason) end as paused
    from page p
    join lines l using (platform, account_id)
    left join (select * from warehouse.account where series_to is null) a using (platform, account_id)
    left join ops.account_pause u using (platform, account_id)
    order by p.last_good_date nulls first, p.platform, p.account_id`);

/** The slices of the last run that attempted any, or of the last half day where slices belong to none. */
const lastNight = (read: Read): Promise<Health["night"]> =>
  read(sql`
    with last as (select run_id, started_at from ops.slice order by slice_id desc limit 1)
    select s.platform, s.account_id, a.name as account_name, s.from_date, s.to_date, s.outcome, s.failure,
           s.remedy, s.rows_read, s.started_at, s.finished_at,
           coalesce(d.state = 'account_closed', false) as closed
    from ops.slice s
    cross join last l
    left join (select * from warehouse.account where series_to is null) a using (platform, account_id)
    left join ops.account_day d
      on d.platform = s.platform and d.account_id = s.account_id and d.date = s.to_date
    where s.run_id = l.run_id or (l.run_id is null and s.started_at > l.started_at - interval '12 hours')
    order by s.started_at, s.slice_id limit 300`);

const usageOf = (read: Read): Promise<Health["usage"]> =>
  read(sql`
    select platform, date, calls, refused from ops.usage
    where date > (now() at time zone 'UTC')::date - 7 order by platform, date`);

const sourcesOf = (read: Read): Promise<Health["sources"]> =>
  read(sql`
    select source, stream, type, outcome, last_good_at, rows_read, failure, remedy
    from ops.source where is_active order by outcome <> 'failed', source, stream limit 200`);

const pausesOf = (read: Read): Promise<Health["pauses"]> =>
  read(sql`
    select p.platform, nullif(p.account_id, '') as account_id, a.name as account_name, p.until
    from ops.pause p
    left join (select * from warehouse.account where series_to is null) a using (platform, account_id)
    where p.until > now() order by p.until desc, 1, 2 limit 50`);

/** When tokens end; what they are never leaves the database. */
const credentialsOf = (read: Read): Promise<Health["credentials"]> =>
  read(sql`
    select platform, expires_at from ${sql.raw(inUse)}
    where expires_at is not null order by expires_at, 1`);

/** Which account-days can be trusted, how fresh each account is, what the last run did and what holds the next up. */
export const health = async (
  read: Read,
  query: z.infer<typeof healthQuery>,
  jobs: Health["jobs"],
  credentials: Health["credentials"] | undefined,
  schedule: Schedule,
): Promise<Health> => {
  const range = await resolveRange(read, query);
  if (countDays(range) > longestDays)
    throw new WebProblem(400, `from: the range is longer than ${String(longestDays)} days`, "shorten it");
  const lines = await accountsOf(read, range, query);
  const now = new Date();
  return {
    range,
    page: query.page,
    size: query.size,
    count: await countOf(query.page, lines, (first) => accountsOf(read, range, { ...query, ...first })),
    accounts: lines.map(({ count: _count, time_zone, is_active, ...account }) => ({
      ...account,
      stale:
        is_active &&
        account.paused === null &&
        (account.last_good_date ?? "") < expectedDay(schedule, time_zone, now),
    })),
    night: await lastNight(read),
    sources: await sourcesOf(read),
    usage: await usageOf(read),
    pauses: await pausesOf(read),
    credentials: credentials ?? (await credentialsOf(read)),
    jobs,
  };
};
