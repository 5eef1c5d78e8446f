import type pg from "pg";
import { profiles } from "../../connectors/registry.ts";

/** A step is believed from so many account-days with so many conversions on. */
const enough = { days: 14, conversions: 50 } as const;

/** Account-days that left the restatement window up to this long ago still teach: habits of buyers change. */
export const learningDays = 90;

/** No restatement window is longer, so older days are never read; what is thinned must be older still. */
export const oldestDayRead = 180 + learningDays;

/**
 * How the conversions of an account-day grow from one age to the next, learned as in loss reserving (chain ladder):
 * each step by all the account-days that were watched at both ages, whether or not they are final. Parameters: the
 * moment; names, first shares and half-lives of the default curves.
 */
const curves = `
  with accounts as materialized (
    select a.account_key, a.platform, a.account_id, a.time_zone, a.restatement_days as depth,
           ($1::timestamptz at time zone a.time_zone)::date as today,
           case when isfinite(r.changed_at) then (r.changed_at at time zone a.time_zone)::date
                else '-infinity' end as rule_day
    from warehouse.account a left join ops.counting_rule r using (account_key)
    where a.series_to is null
  ),
  -- By how much an account-day moved at an age, campaigns added up.
  moves as materialized (
    select account_key, date, age, sum(delta) as delta
    from (
      select h.account_key, h.date, (h.observed_at at time zone a.time_zone)::date - h.date as age,
             coalesce(h.conversions, 0) - lag(coalesce(h.conversions, 0), 1, 0) over (
               partition by h.account_key, h.date, h.campaign_id order by h.observed_at) as delta
      from marts.cost_per_conversion_history h
      join accounts a using (account_key)
      where h.date >= $1::timestamptz::date - ${String(oldestDayRead)}
        and h.date >= a.today - a.depth - ${String(learningDays)}
    ) each_campaign
    group by account_key, date, age
  ),
  -- Nights on which something of the account was seen to move: on others nobody looked, and a standstill means nothing.
  nights as (select distinct account_key, date + age as night from moves),
  watched as (
    select m.account_key, m.date, min(m.age) as first_age, least(a.depth, a.today - m.date) as last_age
    from moves m join accounts a using (account_key)
    group by m.account_key, m.date, a.depth, a.today
  ),
  known as (
    select w.account_key, w.date, g.age,
           sum(coalesce(m.delta, 0)) over (partition by w.account_key, w.date order by g.age) as conversions,
           n.night is not null and w.date + g.age > a.rule_day as was_seen
    from watched w
    join accounts a using (account_key)
    cross join lateral generate_series(w.first_age, w.last_age) g (age)
    left join moves m on m.account_key = w.account_key and m.date = w.date and m.age = g.age
    left join nights n on n.account_key = w.account_key and n.night = w.date + g.age
  ),
  pairs as (
    select account_key, age, conversions as before,
           lead(conversions) over one_day as after,
           was_seen and lead(was_seen) over one_day as was_seen
    from known
    window one_day as (partition by account_key, date order by age)
  ),
  steps as materialized (
    select account_key, age, count(*) as days, sum(before) as before, sum(after) as after
    from pairs where was_seen and after is not null
    group by account_key, age
  ),
  pooled as (
    select a.platform, s.age, sum(s.days) as days, sum(s.before) as before, sum(s.after) as after
    from steps s join accounts a using (account_key) group by a.platform, s.age
  ),
  stated as (
    select platform, age, 1 - (1 - first) * power(0.5, age / half_life) as share
    from unnest($2::text[], $3::numeric[], $4::numeric[]) as t (platform, first, half_life),
         generate_series(0, 181) age
  ),
  chosen as (
    select a.account_key, a.platform, a.account_id, a.depth, g.age,
           case when s.days >= ${String(enough.days)} and s.before >= ${String(enough.conversions)} then 'account'
                when p.days >= ${String(enough.days)} and p.before >= ${String(enough.conversions)} then 'platform'
                else 'default' end as basis,
           s.days as own_days, s.after / nullif(s.before, 0) as own_growth,
           p.days as pooled_days, p.after / nullif(p.before, 0) as pooled_growth,
           later.share / stated.share as stated_growth
    from accounts a
    cross join lateral generate_series(0, a.depth - 1) g (age)
    join stated on stated.platform = a.platform and stated.age = g.age
    join stated later on later.platform = a.platform and later.age = g.age + 1
    left join steps s on s.account_key = a.account_key and s.age = g.age
    left join pooled p on p.platform = a.platform and p.age = g.age
  ),
  growth as (
    select account_key, platform, account_id, age, basis,
           case basis when 'account' then own_days when 'platform' then pooled_days else 0 end as days,
           -- One mad night must not make a projection of any size.
           greatest(0.5, least(10, case basis when 'account' then own_growth when 'platform' then pooled_growth
                                              else stated_growth end)) as growth
    from chosen
    union all
    -- What is known once the window has passed is all there is.
    select account_key, platform, account_id, depth, 'default', 0, 1 from accounts
  ),
  raw as (
    select *, exp(-sum(ln(growth)) over (partition by account_key order by age desc)) as share from growth
  ),
  -- Taken-back conversions make the raw shares rise and fall; the mean of both envelopes only rises.
  learned as (
    select platform, account_id, age as age_days, days::integer as learned_from_days, basis,
           round(least(1, (max(share) over (partition by account_key order by age)
                           + min(share) over (partition by account_key order by age desc)) / 2), 3) as share
    from raw
  )`;

/**
 * Learns how complete each account's days are at each age, from the history of their figures, and writes
 * marts.conversion_maturity. Shares that come out the same are not written.
 * @returns the number of rows written.
 */
const learn = async (pool: pg.Pool, now: Date): Promise<number> => {
  const { rows } = await pool.query<{ written: string }>(
    `${curves},
     gone as (
       delete from marts.conversion_maturity m
       where not exists (select from learned l where (l.platform, l.account_id, l.age_days)
                                                      = (m.platform, m.account_id, m.age_days))
       returning 1
     ),
     stored as (
       insert into marts.conversion_maturity as m
         (platform, account_id, age_days, share, learned_from_days, basis, updated_at)
       select platform, account_id, age_days, share, learned_from_days, basis, $1 from learned
       on conflict (platform, account_id, age_days) do update
       set share = excluded.share, learned_from_days = excluded.learned_from_days, basis = excluded.basis,
           updated_at = excluded.updated_at
       where (m.share, m.learned_from_days, m.basis)
             is distinct from (excluded.share, excluded.learned_from_days, excluded.basis)
       returning 1
     )
     select (select count(*) from gone) + (select count(*) from stored) as written`,
    [
      now,
      profiles().map(({ name }) => name),
      profiles().map(({ maturity }) => maturity.first),
      profiles().map(({ maturity }) => maturity.halfLifeDays),
    ],
  );
  return Number(rows[0]?.written ?? 0);
};

/** Whether today's lesson is still due: once a day, and where an account or its window is new. */
const isDue = async (pool: pg.Pool, now: Date): Promise<boolean> => {
  const { rows } = await pool.query(
    `select from ops.rollup_setting
     where name = 'maturity_learned_on' and value = ($1::timestamptz at time zone 'UTC')::date::text
       and not exists (
         select from warehouse.account a
         where a.series_to is null and a.restatement_days is distinct from (
           select max(m.age_days) from marts.conversion_maturity m
           where m.platform = a.platform and m.account_id = a.account_id))`,
    [now],
  );
  return rows.length === 0;
};

/**
 * Brings marts.conversion_maturity up to date, once a day: after a sync's figures are rolled up, before the last
 * rollup, which then projects by it.
 * @returns whether it was due.
 */
export const learnMaturity = async ({
  pool,
  now,
}: {
  readonly pool: pg.Pool;
  readonly now: Date;
}): Promise<boolean> => {
  if (!(await isDue(pool, now))) return false;
  await learn(pool, now);
  await pool.query(
    `insert into ops.rollup_setting (name, value)
     values ('maturity_learned_on', ($1::timestamptz at time zone 'UTC')::date::text)
     on conflict (name) do update set value = excluded.value`,
    [now],
  );
  return true;
};
