import type { PoolClient } from "pg";
import { BrokenFile } from "../problem.ts";

/**
 * Keeps which leads of `lead_end` were merged into which. An alias never points to another: what was merged into a
 * lead that is merged itself belongs to the last one.
 * @throws BrokenFile where two leads are merged into each other
 */
export const registerAliases = async (client: PoolClient): Promise<void> => {
  const { rowCount } = await client.query(
    `insert into warehouse.lead_alias as old (lead_id, alias_of)
     select e.lead_id, coalesce(a.alias_of, e.merged_into)
     from lead_end e left join warehouse.lead_alias a on a.lead_id = e.merged_into and a.alias_of <> e.lead_id
     where e.merged_into is not null and e.merged_into <> e.lead_id
     on conflict (lead_id) do update set alias_of = excluded.alias_of, since = now()
     where old.alias_of <> excluded.alias_of`,
  );
  if (!rowCount) return;
  for (let more = true; more;) {
    const { rows } = await client.query<{ lead_id: string; other: string; line: string }>(
      `select a.lead_id, b.lead_id as other, coalesce(e.line, 1) as line
       from warehouse.lead_alias a join warehouse.lead_alias b on b.lead_id = a.alias_of and b.alias_of = a.lead_id
       left join lead_end e on e.lead_id = a.lead_id
       order by e.line limit 1`,
    );
    const [circle] = rows;
    if (circle !== undefined)
      throw new BrokenFile(
        Number(circle.line),
        `${circle.lead_id} and ${circle.other} are merged into each other; name the one that is left`,
        "merged_into",
      );
    const step = await client.query(
      `update warehouse.lead_alias a set alias_of = b.alias_of
       from warehouse.lead_alias b where b.lead_id = a.alias_of`,
    );
    more = (step.rowCount ?? 0) > 0;
  }
};

const leadVisit = [
  "source",
  "medium",
  "campaign",
  "campaign_id",
  "term",
  "content",
  "referrer_host",
  "gclid",
  "click_ids",
  "reported_channel",
  "tag_channel",
  "tag_traffic",
  "tag_platform",
  "tag_evidence",
  "source_platform",
  "is_conflict",
  "is_stale_suspected",
] as const;

/** The survivor of several leads keeps the earliest arrival, with the visit that brought it. */
export const arrival = ["created_at", ...leadVisit] as const;

/** The leads that become one: the survivor, and what was merged into it and still has a row of its own. */
const groups = `
  merged_lead as materialized (
    select a.alias_of as survivor, l.* from warehouse.lead_alias a join warehouse.lead l using (lead_id)
  ),
  everyone as (
    select survivor, m.lead_id, m.date, m.qualified_date, m.customer_date from merged_lead m where withdrawn_at is null
    union all
    select l.lead_id, l.lead_id, l.date, l.qualified_date, l.customer_date from warehouse.lead l
    where l.lead_id in (select survivor from merged_lead) and l.withdrawn_at is null
  )`;

// One person once: of the days that were booked only the earliest stays.
const logMerged = `
  with ${groups},
  extra as (
    select survivor, 'leads' as what, date, row_number() over (partition by survivor order by date, lead_id) as place from everyone where date is not null
    union all
    select survivor, 'qualified', qualified_date, row_number() over (partition by survivor order by qualified_date, lead_id) from everyone where qualified_date is not null
    union all
    select survivor, 'customers', customer_date, row_number() over (partition by survivor order by customer_date, lead_id) from everyone where customer_date is not null
  )
  insert into ops.source_change (source, kind, date, leads, qualified, customers)
  select $1, 'merged', date, -count(*) filter (where what = 'leads'), -count(*) filter (where what = 'qualified'), -count(*) filter (where what = 'customers')
  from extra where place > 1 group by date order by date`;

const foldRows = `
  with ${groups},
  booked as (
    select survivor, min(date) as date, min(qualified_date) as qualified_date, min(customer_date) as customer_date
    from everyone group by survivor
  ),
  told as (
    select survivor, min(qualified_at) as qualified_at, min(customer_at) as customer_at from merged_lead
    where withdrawn_at is null group by survivor
  ),
  first as (
    select distinct on (survivor) * from merged_lead where withdrawn_at is null order by survivor, created_at, lead_id
  )
  update warehouse.lead l set
    ${arrival.map((name) => `${name} = case when f.created_at < l.created_at then f.${name} else l.${name} end`).join(", ")},
    qualified_at = least(l.qualified_at, t.qualified_at), customer_at = least(l.customer_at, t.customer_at),
    date = b.date, qualified_date = b.qualified_date, customer_date = b.customer_date, withdrawn_at = null, imported_at = now()
  from first f join told t using (survivor) join booked b using (survivor)
  where l.lead_id = f.survivor`;

/** Moves history that is kept by key to the survivor; the earliest of equal keys stays. */
const moveHistory = (table: string, key: string, at: string): readonly string[] => [
  `insert into ${table} as old (lead_id, ${key}, ${at}, observed_at)
   select a.alias_of, h.${key}, min(h.${at}), min(h.observed_at)
   from ${table} h join warehouse.lead_alias a using (lead_id) group by 1, 2
   on conflict (lead_id, ${key}) do update set ${at} = excluded.${at} where excluded.${at} < old.${at}`,
  `delete from ${table} h using warehouse.lead_alias a where a.lead_id = h.lead_id`,
];

/** Makes one lead of the leads that were merged, with the earliest of everything; logs the days that lose one. */
export const foldAliases = async (client: PoolClient, source: string): Promise<number> => {
  const { rows } = await client.query<{ found: boolean }>(
    `select exists (select from warehouse.lead_alias a join warehouse.lead using (lead_id))
       or exists (select from warehouse.lead_alias a join warehouse.lead_stage using (lead_id))
       or exists (select from warehouse.lead_alias a join warehouse.lead_raw_stage using (lead_id))
       or exists (select from warehouse.lead_alias a join warehouse.lead_score using (lead_id))
       or exists (select from warehouse.lead_alias a join warehouse.first_party_conversion using (lead_id)) as found`,
  );
  if (rows[0]?.found !== true) return 0;
  // A survivor that was never seen goes on with the row of the first that was merged into it.
  await client.query(
    `update warehouse.lead l set lead_id = f.alias_of
     from (select distinct on (a.alias_of) a.alias_of, o.lead_id
           from warehouse.lead_alias a join warehouse.lead o using (lead_id)
           where not exists (select from warehouse.lead s where s.lead_id = a.alias_of)
           order by a.alias_of, o.withdrawn_at nulls first, o.created_at, o.lead_id) f
     where l.lead_id = f.lead_id`,
  );
  await client.query(logMerged, [source]);
  await client.query(foldRows);
  const { rowCount } = await client.query(
    "delete from warehouse.lead l using warehouse.lead_alias a where a.lead_id = l.lead_id",
  );
  for (const statement of [
    ...moveHistory("warehouse.lead_stage", "stage", "first_at"),
    ...moveHistory("warehouse.lead_raw_stage", "raw_stage", "first_at"),
    ...moveHistory("warehouse.lead_score", "score", "at"),
    `update warehouse.first_party_conversion c set lead_id = a.alias_of
     from warehouse.lead_alias a where a.lead_id = c.lead_id`,
  ])
    await client.query(statement);
  await keepMaxima(client, "select alias_of from warehouse.lead_alias");
  return rowCount ?? 0;
};

/** Leaves of the scores of some leads those that exceeded every earlier one. */
export const keepMaxima = async (client: PoolClient, leads: string): Promise<void> => {
  await client.query(
    `delete from warehouse.lead_score s
     where s.lead_id in (${leads}) and exists (
       select from warehouse.lead_score b where b.lead_id = s.lead_id and b.at <= s.at and b.score > s.score)`,
  );
};
