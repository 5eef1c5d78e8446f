import { type FirstPartyDue, isDue } from "./due.ts";
import type { FirstPartySettings } from "./settings.ts";
import { stagesFrom } from "./stages.ts";

const setting = "lead_booking";

/** The rule that leads are booked by; another one books every day anew. */
const fingerprintOf = ({ timeZone, qualifiedStage, qualifiedScore }: FirstPartySettings): string =>
  JSON.stringify([timeZone, qualifiedStage ?? "marketing_qualified", qualifiedScore ?? null]);

/**
 * The day of each lead's arrival, qualification and first purchase, from the history that is kept: each is the first
 * time that it happened, by whatever says so first. $1 time zone, $2 qualifying stages, $3 score, $4 customer stages.
 */
const booked = (due: FirstPartyDue): string => `
  reached as (
    select lead_id,
      min(first_at) filter (where stage = any($2::text[])) as qualified_at,
      min(first_at) filter (where stage = any($4::text[])) as customer_at
    from warehouse.lead_stage s where ${isDue(due, "lead", "s")} group by lead_id
  ),
  scored as (
    select lead_id, min(at) as qualified_at from warehouse.lead_score s where score >= $3::numeric and ${isDue(due, "lead", "s")}
    group by lead_id
  ),
  fresh as (
    select l.lead_id, l.withdrawn_at, coalesce(l.source_name, l.import_source) as source,
      l.date as old_date, l.qualified_date as old_qualified, l.customer_date as old_customer,
      (l.created_at at time zone $1)::date as date,
      (least(l.qualified_at, r.qualified_at, s.qualified_at, l.customer_at, r.customer_at) at time zone $1)::date as qualified_day,
      (least(l.customer_at, r.customer_at) at time zone $1)::date as customer_day
    from warehouse.lead l left join reached r using (lead_id) left join scored s using (lead_id)
    where ${isDue(due, "lead", "l")}
  ),
  moved as materialized (
    select * from fresh
    where (old_date, old_qualified, old_customer) is distinct from (date, qualified_day, customer_day)
  ),
  written as (
    update warehouse.lead l set date = m.date, qualified_date = m.qualified_day, customer_date = m.customer_day
    from moved m where m.lead_id = l.lead_id
  ),
  change as (
    select source, old_day, new_day, leads, qualified, customers
    from moved
    cross join lateral (values
      (old_date, date, 1, 0, 0), (old_qualified, qualified_day, 0, 1, 0), (old_customer, customer_day, 0, 0, 1)
    ) day (old_day, new_day, leads, qualified, customers)
    where withdrawn_at is null and old_date is not null and old_day is distinct from new_day
  )`;

/** How a move changes the number that are booked at all. */
const net = (count: string): string =>
  `coalesce(sum(${count} * (num_nonnulls(new_day) - num_nonnulls(old_day))), 0)`;

// A first booking moves nothing: only days that were booked before are told; of a source whose rule changed, one line.
const logMoves = (due: FirstPartyDue): string => `
  with ${booked(due)},
  ruled as (
    insert into ops.source_change (source, kind, leads, qualified, customers)
    select r.source, 'reconfigured', r.leads, r.qualified + ${net("c.qualified")}, r.customers + ${net("c.customers")}
    from ops.source_rule r left join change c using (source)
    group by r.source having num_nonnulls(nullif(r.leads, 0), nullif(r.qualified, 0), nullif(r.customers, 0)) + count(c.source) > 0
  ),
  moves as (select * from change where source not in (select source from ops.source_rule)),
  signed as (
    select source, old_day, new_day, old_day as date, -leads as leads, -qualified as qualified, -customers as customers
    from moves where old_day is not null
    union all
    select source, old_day, new_day, new_day, leads, qualified, customers from moves where old_day is not null and new_day is not null
  )
  insert into ops.source_change (source, kind, date, leads, qualified, customers)
  select source, case when new_day < old_day then 'backdated' else 'corrected' end, date, sum(leads), sum(qualified), sum(customers)
  from signed group by 1, 2, date order by date`;

const logRule = (due: FirstPartyDue): string => `
  with ${booked(due)}
  insert into ops.source_change (source, kind, leads, qualified, customers)
  select 'configuration', 'reconfigured', r.leads, r.qualified + ${net("c.qualified")}, r.customers + ${net("c.customers")}
  from (select coalesce(sum(leads), 0) as leads, coalesce(sum(qualified), 0) as qualified, coalesce(sum(customers), 0) as customers
        from ops.source_rule) r left join change c on true
  group by r.leads, r.qualified, r.customers having count(c.source) > 0 or r.leads <> 0`;

/** Books the leads that are due on their days; what moves a day that was booked before is logged, a changed rule as one line. */
export const bookLeads = async (due: FirstPartyDue): Promise<void> => {
  const { client, settings } = due;
  const fingerprint = fingerprintOf(settings);
  const { rows } = await client.query<{ value: string }>(
    "select value from ops.rollup_setting where name = $1",
    [setting],
  );
  const changed = rows[0] !== undefined && rows[0].value !== fingerprint;
  await client.query((changed ? logRule : logMoves)(due), [
    settings.timeZone,
    stagesFrom(settings.qualifiedStage ?? "marketing_qualified"),
    settings.qualifiedScore ?? null,
    stagesFrom("customer"),
  ]);
  await client.query("delete from ops.source_rule");
  if (rows[0]?.value !== fingerprint)
    await client.query(
      `insert into ops.rollup_setting (name, value) values ($1, $2)
       on conflict (name) do update set value = excluded.value`,
      [setting, fingerprint],
    );
};
