import type { FirstPartyDue } from "./due.ts";

/**
 * From when to when each platform's spend is known, by its own facts, by days that it reported nothing for, or by
 * imported ad spend. A paid conversion outside has no spend to be divided by: it is uncosted.
 */
const costedSpans = `
  select platform, min(first) as from_date, max(last) as to_date
  from (
    select a.platform, d.first, d.last
    from (select account_key, min(date) as first, max(date) as last
          from figures.cost_per_conversion_by_account_daily group by account_key) d
    join warehouse.account a using (account_key)
    union all
    select platform, min(date), max(date) from ops.account_day where state in ('complete', 'no_spend') group by platform
    union all
    select platform, min(period_start), max(period_end) from warehouse.cost
    where cost_class = 'ad_spend' and platform <> '' group by platform
  ) known
  group by platform`;

/** Notes the spans, and makes due what lies on days that one of them gained or lost. */
export const settleSpans = async ({ client, settings, whole }: FirstPartyDue): Promise<void> => {
  await client.query(`create temporary table fresh_span on commit drop as ${costedSpans}`);
  await client.query(
    `create temporary table moved_span on commit drop as
     select platform, day::date as date
     from fresh_span n full join ops.costed_span o using (platform),
          generate_series(least(n.from_date, o.from_date), greatest(n.to_date, o.to_date), interval '1 day') day
     where (n.from_date, n.to_date) is distinct from (o.from_date, o.to_date)
       and coalesce(day between n.from_date and n.to_date, false)
           <> coalesce(day between o.from_date and o.to_date, false)`,
  );
  await client.query("analyze moved_span");
  await client.query(
    "delete from ops.costed_span o where not exists (select from fresh_span where platform = o.platform)",
  );
  await client.query(
    `insert into ops.costed_span as o (platform, from_date, to_date) select platform, from_date, to_date from fresh_span
     on conflict (platform) do update set from_date = excluded.from_date, to_date = excluded.to_date
     where (o.from_date, o.to_date) is distinct from (excluded.from_date, excluded.to_date)`,
  );
  if (whole) return;
  await client.query(
    `insert into due_conversion
     select c.conversion_id from moved_span m join warehouse.first_party_conversion c using (platform, date)
     on conflict do nothing`,
  );
  // Whether a lead is costed shows on each day on which it is booked.
  await client.query(
    `insert into due_day
     select distinct d.date
     from moved_span m join warehouse.lead l using (platform, date),
       lateral (values (l.date), (l.qualified_date), (l.customer_date), ((l.lost_at at time zone $1)::date)) d (date)
     where d.date is not null`,
    [settings.timeZone],
  );
};
