import type { PoolClient } from "pg";

const plain = (sums: string): string =>
  `select leads, qualified, customers from (${sums}) sums (date, leads, qualified, customers)`;

/**
 * Keeps for the next rollup that a rule of a source changed, with the leads that came or went by it: it books them
 * anew, and tells all of it in one line. `sums` is a relation of leads, qualified, customers.
 */
export const noteRule = async (client: PoolClient, source: string, sums: string): Promise<void> => {
  const total = (name: string): string => `coalesce(sum(${name}), 0)`;
  await client.query(
    `insert into ops.source_rule as old (source, leads, qualified, customers)
     select $1, ${total("leads")}, ${total("qualified")}, ${total("customers")} from (${sums}) sums
     on conflict (source) do update
     set leads = old.leads + excluded.leads, qualified = old.qualified + excluded.qualified,
       customers = old.customers + excluded.customers`,
    [source],
  );
};

/** Signed sums of leads by the days on which they are booked, of a relation with these days. */
const leadSums = (relation: string, sign: "-" | "+"): string => `
  select day as date, ${sign} sum(leads), ${sign} sum(qualified), ${sign} sum(customers) from (
    select date as day, 1 as leads, 0 as qualified, 0 as customers from ${relation}
    union all select qualified_date, 0, 1, 0 from ${relation}
    union all select customer_date, 0, 0, 1 from ${relation}) booked
  where day is not null group by day order by day`;

/**
 * Withdraws leads that count: they count nowhere from now on, and what could lead back to a person is wiped. Their
 * history stays, so that a lead that comes back is booked on its old days.
 */
export const withdrawLeads = async (
  client: PoolClient,
  options: {
    readonly source: string;
    readonly kind: "deleted" | "withdrawn";
    /** A condition on `warehouse.lead l`. */
    readonly where: string;
    readonly parameters?: readonly unknown[];
    /** Whether they still count, as those of a CRM may. */
    readonly keep?: boolean;
  },
): Promise<number> => {
  const { source, kind, where, parameters = [], keep = false } = options;
  await client.query(
    `create temporary table gone_lead on commit drop as
     select l.lead_id, l.date, l.qualified_date, l.customer_date from warehouse.lead l
     where ${keep ? "l.deleted_at" : "l.withdrawn_at"} is null and (${where})`,
    [...parameters],
  );
  if (!keep)
    await client.query(
      `insert into ops.source_change (source, kind, date, leads, qualified, customers)
       select $1, $2, * from (${leadSums("gone_lead", "-")}) sums`,
      [source, kind],
    );
  const { rowCount } = await client.query(
    `update warehouse.lead l
     set deleted_at = coalesce(deleted_at, now()), withdrawn_at = ${keep ? "withdrawn_at" : "now()"}, imported_at = now(),
       gclid = null, click_ids = '{}', term = null, content = null, referrer_host = null,
       raw_fields = null, email_sha256 = null, phone_sha256 = null
     from gone_lead g where g.lead_id = l.lead_id`,
  );
  await client.query("drop table gone_lead");
  return rowCount ?? 0;
};

/** Staged rows of leads that are no more than their last row says. */
const staged = (counts: boolean): string => `exists (
    select from import_row r where r.lead_id = l.lead_id and r.created_at is not null and ${counts ? "not " : ""}r.is_excluded)
  and not exists (select from lead_end e where e.lead_id = l.lead_id and e.is_deleted)`;

const again = `(select l.* from warehouse.lead l where l.withdrawn_at is not null and ${staged(true)}) again`;
const noMore = `(select l.* from warehouse.lead l where l.withdrawn_at is null and ${staged(false)}) no_more`;

/**
 * Logs that withdrawn leads of the file count again, on the days on which they did, and that others do not any more.
 * @param noted a rule that changed did it: the next rollup tells it in its one line
 */
export const logStandings = async (
  client: PoolClient,
  { source, noted }: { readonly source: string; readonly noted: boolean },
): Promise<void> => {
  const [restored, excluded] = [leadSums(again, "+"), leadSums(noMore, "-")];
  if (noted) return noteRule(client, source, `${plain(restored)} union all ${plain(excluded)}`);
  await client.query(
    `insert into ops.source_change (source, kind, date, leads, qualified, customers)
     select $1, 'restored', * from (${restored}) sums
     union all select $1, 'withdrawn', * from (${excluded}) sums`,
    [source],
  );
};

/** The staged conversions that stand, against what is stored of them; `date` is the day in the run's zone ($2). */
const compared = (fresh: string): string => `
  select o.retracted_at, o.date as old_date, o.quantity as old_quantity, o.value as old_value, o.currency as old_currency,
    (f.converted_at at time zone $2)::date as date, f.quantity, f.value, f.currency
  from ${fresh} f join warehouse.first_party_conversion o using (conversion_id)`;

/** Logs what staged conversions change in days that were booked: another value, another day, or back again. */
export const logChangedConversions = async (
  client: PoolClient,
  { source, timeZone }: { readonly source: string; readonly timeZone: string },
  fresh: string,
): Promise<void> => {
  await client.query(
    `with compared as (${compared(fresh)}),
     changed as (
       select *, case when retracted_at is not null then 'restored' when date <> old_date then 'corrected' else 'revalued' end as kind
       from compared
       where retracted_at is not null or (old_date is not null
         and (old_date, old_quantity, old_value, old_currency) is distinct from (date, quantity, value, currency))
     )
     insert into ops.source_change (source, kind, date, conversions, value, currency)
     select $1, kind, day, sum(conversions), sum(worth), unit from (
       select kind, old_date as day, -old_quantity as conversions, -old_value as worth, old_currency as unit
       from changed where retracted_at is null
       union all
       select kind, date, quantity, value, currency from changed) booked
     group by kind, day, unit having sum(conversions) <> 0 or sum(worth) is distinct from 0 order by day`,
    [source, timeZone],
  );
};

/** Retracts conversions that count; those that come again are counted again. */
export const retractConversions = async (
  client: PoolClient,
  options: {
    readonly source: string;
    readonly kind: "retracted" | "withdrawn";
    /** A condition on `warehouse.first_party_conversion c`, with parameters from $3 on. */
    readonly where: string;
    readonly parameters?: readonly unknown[];
  },
): Promise<number> => {
  const { rows } = await client.query<{ retracted: string }>(
    `with gone as (
       update warehouse.first_party_conversion c set retracted_at = now(), imported_at = now()
       where c.retracted_at is null and (${options.where})
       returning c.date, c.quantity, c.value, c.currency
     ),
     logged as (
       insert into ops.source_change (source, kind, date, conversions, value, currency)
       select $1, $2, date, -sum(quantity), -sum(value), currency from gone where date is not null
       group by date, currency order by date
     )
     select count(*) as retracted from gone`,
    [options.source, options.kind, ...(options.parameters ?? [])],
  );
  return Number(rows[0]?.retracted ?? 0);
};
