import type { PoolClient } from "pg";

/**
 * Where deals say who is a customer: a lead is one from its first won deal that stands, and no more when the last one
 * goes. @returns the number of leads that changed
 */
export const bookCustomers = async (client: PoolClient, source: string): Promise<number> => {
  const { rowCount } = await client.query(
    `with won as (
       select lead_id, min(converted_at) as at from warehouse.first_party_conversion
       where source_name = $1 and retracted_at is null and lead_id is not null group by lead_id
     ),
     moved as (
       select l.lead_id, w.at from warehouse.lead l left join won w using (lead_id)
       where l.source_name = $1 and l.lead_id !~ '^erased:' and l.customer_at is distinct from w.at
     )
     update warehouse.lead l set customer_at = m.at, imported_at = now() from moved m where m.lead_id = l.lead_id`,
    [source],
  );
  return rowCount ?? 0;
};
