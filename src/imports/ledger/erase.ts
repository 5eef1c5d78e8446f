import type { PoolClient } from "pg";
import { countedOrder, sameOrder } from "../../metrics/first-party/orders.ts";
import { bury, orderName } from "./tombstones.ts";

/** Noon of the day on which it was booked: the hour could lead back, the day is a figure. */
const dayOnly = (at: string): string => `((${at} at time zone $1)::date + time '12:00') at time zone $1`;

const wiped = "gclid = null, click_ids = '{}', term = null, content = null, referrer_host = null";

/**
 * Takes the orders of who is forgotten from their conversions. What counts goes on counting alone; what repeats it, or
 * comes with the order later, is marked as counted, so that nothing links the two.
 */
const detachOrders = async (client: PoolClient): Promise<void> => {
  await client.query(
    `create temporary table erased_order on commit drop as
     select c.conversion_id, c.conversion_name, c.order_id, e.lead_id is not null as is_erased,
       c.retracted_at is null and row_number() over (${sameOrder}) = 1 as is_counted
     from warehouse.first_party_conversion c left join erased_lead e using (lead_id)
     where (c.conversion_name, c.order_id) in (
       select o.conversion_name, o.order_id from warehouse.first_party_conversion o join erased_lead using (lead_id)
       where o.order_id not in ('', '${countedOrder}'))`,
  );
  await bury(
    client,
    "order",
    `select ${orderName("o")} as id from erased_order o where is_erased and is_counted`,
  );
  await client.query(
    `update warehouse.first_party_conversion c
     set order_id = case when not (o.is_erased and o.is_counted) then '${countedOrder}' end
     from erased_order o
     where o.conversion_id = c.conversion_id and (o.is_erased or exists (
       select from erased_order f where f.is_erased and f.is_counted
         and (f.conversion_name, f.order_id) = (o.conversion_name, o.order_id)))`,
  );
  await client.query("drop table erased_order");
};

/**
 * Makes people anonymous: every figure stays on its day, and nothing leads back. Their ids become random ones; what
 * was merged into them is forgotten with them, and keyed hashes keep all of it from coming back.
 * @returns the number of leads
 */
export const eraseLeads = async (
  client: PoolClient,
  options: {
    /** A condition on `warehouse.lead l`, with parameters from $1 on. */
    readonly where: string;
    readonly parameters?: readonly unknown[];
    readonly timeZone: string;
  },
): Promise<number> => {
  const { where, parameters = [], timeZone } = options;
  await client.query(
    `create temporary table erased_lead on commit drop as
     select l.lead_id, 'erased:' || gen_random_uuid() as new_id, coalesce(l.source_name, l.import_source) as source,
            l.gclid, l.click_ids
     from warehouse.lead l where l.lead_id !~ '^erased:' and (${where})`,
    [...parameters],
  );
  const { rows } = await client.query<{ erased: string }>("select count(*) as erased from erased_lead");
  const erased = Number(rows[0]?.erased ?? 0);
  if (erased === 0) {
    await client.query("drop table erased_lead");
    return 0;
  }
  await client.query("analyze erased_lead");
  await bury(
    client,
    "lead",
    `select lead_id as id from erased_lead
     union select a.lead_id from warehouse.lead_alias a join erased_lead e on e.lead_id = a.alias_of`,
  );
  await bury(
    client,
    "conversion",
    "select conversion_id as id from warehouse.first_party_conversion join erased_lead using (lead_id)",
  );
  await client.query(
    `delete from warehouse.click k using (
       select gclid as click_id from erased_lead where gclid is not null
       union select e.value from erased_lead, jsonb_each_text(click_ids) e
       union select c.gclid from warehouse.first_party_conversion c join erased_lead using (lead_id) where c.gclid is not null
     ) gone where k.click_id = gone.click_id`,
  );
  await client.query(
    "delete from warehouse.lead_alias a using erased_lead e where e.lead_id in (a.lead_id, a.alias_of)",
  );
  await client.query(
    "delete from warehouse.lead_raw_stage r using erased_lead e where e.lead_id = r.lead_id",
  );
  for (const [table, at] of [
    ["warehouse.lead_stage", "first_at"],
    ["warehouse.lead_score", "at"],
  ] as const)
    await client.query(
      `update ${table} h set lead_id = e.new_id, ${at} = ${dayOnly(`h.${at}`)} from erased_lead e where e.lead_id = h.lead_id`,
      [timeZone],
    );
  await detachOrders(client);
  await client.query(
    `update warehouse.first_party_conversion c
     set lead_id = e.new_id, conversion_id = 'erased:' || gen_random_uuid(), converted_at = ${dayOnly("c.converted_at")}, ${wiped}
     from erased_lead e where e.lead_id = c.lead_id`,
    [timeZone],
  );
  const times = ["created_at", "stage_at", "qualified_at", "customer_at", "lost_at"];
  await client.query(
    `update warehouse.lead l
     set lead_id = e.new_id, deleted_at = coalesce(l.deleted_at, now()), value = null, currency = null,
       email_sha256 = null, phone_sha256 = null, raw_stage = null, raw_status = null, raw_fields = null, ${wiped},
       ${times.map((name) => `${name} = ${dayOnly(`l.${name}`)}`).join(", ")}, imported_at = now()
     from erased_lead e where e.lead_id = l.lead_id`,
    [timeZone],
  );
  // No figure moves; that it happened is told, without a day.
  await client.query(
    "insert into ops.source_change (source, kind) select source, 'erased' from erased_lead group by source",
  );
  await client.query("drop table erased_lead");
  return erased;
};
