import type { PoolClient } from "pg";
import type { Day } from "../../domain/day.ts";
import { setLocal } from "../../warehouse/transaction.ts";
import { countedOrder } from "./orders.ts";
import type { FirstPartySettings } from "./settings.ts";
import { visitKeys } from "./visit-keys.ts";

/**
 * What a rollup of the first-party marts has to make again. In the transaction stand temporary tables: `taken_mark`, the
 * marks as they were taken; `due_lead` and `due_conversion`, ids, those of rows that are gone among them; `due_day`.
 *
 * | what changed                                  | what is due                                                        |
 * | --------------------------------------------- | ------------------------------------------------------------------ |
 * | days: figures by campaign, costs, measures, GA4, rates | these days                                                |
 * | a lead, its stages and scores                 | it, its conversions, and the days on which it was and is booked    |
 * | a conversion                                  | it, its order and that which it was in, its days before and after  |
 * | a click; an id or name of a campaign, ad group or ad; an account | leads and conversions that name or joined it    |
 * | an id or name of the platforms, while there was no lead and no conversion | all leads and conversions               |
 * | from when to when a platform's spend is known | conversions and leads of the days that it gained or lost           |
 * | whether a measure was ever seen               | every day                                                          |
 * | settings, rules, the statements themselves    | everything                                                         |
 */
export interface FirstPartyDue {
  readonly client: PoolClient;
  readonly settings: FirstPartySettings;
  /** Everything is due, marked or not. */
  readonly whole: boolean;
}

export type Rows = "lead" | "conversion";

const tables = {
  lead: { table: "warehouse.lead", key: "lead_id", due: "due_lead" },
  conversion: { table: "warehouse.first_party_conversion", key: "conversion_id", due: "due_conversion" },
} as const;

/** In SQL: a row of the table by its alias is due. */
export const isDue = ({ whole }: FirstPartyDue, rows: Rows, alias: string): string =>
  whole ? "true" : `${alias}.${tables[rows].key} in (select ${tables[rows].key} from ${tables[rows].due})`;

/** Takes the marks away, before anything is read: what is marked from now on is another mark, and stays. */
export const takeMarks = async (client: PoolClient): Promise<void> => {
  await client.query(`
    create temporary table taken_mark (what text, id text, from_date date, to_date date) on commit drop;
    create temporary table due_lead (lead_id text primary key) on commit drop;
    create temporary table due_conversion (conversion_id text primary key) on commit drop;
    create temporary table due_day (date date) on commit drop`);
  await client.query(
    `with taken as (delete from ops.touched_first_party returning what, id, from_date, to_date)
     insert into taken_mark select distinct what, id, from_date, to_date from taken`,
  );
  await client.query("analyze taken_mark");
  await client.query(
    `insert into due_day
     select distinct from_date + n from taken_mark, generate_series(0, to_date - from_date) n where what = 'days'`,
  );
};

/** The leads or conversions that are marked, and those that name or joined what is marked. */
export const findDue = async ({ client, whole }: FirstPartyDue, rows: Rows): Promise<void> => {
  if (whole) return;
  const { table, key, due } = tables[rows];
  const { rows: kinds } = await client.query<{ what: string }>("select distinct what from taken_mark");
  const marked = new Set(kinds.map(({ what }) => what));
  const ids = (what: string): string => `(select id from taken_mark where what = '${what}')`;
  const found = (what: string, of: string): readonly string[] =>
    marked.has(what) ? [`select t.${key} from ${table} t where ${of} in ${ids(what)}`] : [];
  const parts = [
    `select id from taken_mark where what = '${rows}'`,
    ...(marked.has("visits") ? [`select ${key} from ${table}`] : []),
    ...found("click", visitKeys.click()),
    ...found("entity", visitKeys.entity()),
    ...found("entity", "t.joined_campaign_id"),
    ...found("name", visitKeys.name()),
    ...found("account", "t.platform || ' ' || t.account_id"),
    ...(rows === "conversion"
      ? [
          `select t.${key} from ${table} t where t.lead_id in (select lead_id from due_lead)`,
          // A lead that is gone is no row any more; its mark is.
          ...found("lead", "t.lead_id"),
        ]
      : []),
  ];
  await client.query(`insert into ${due} ${parts.join(" union ")}`);
  await client.query(`analyze ${due}`);
};

/** The days on which what is due is booked: asked before it is settled, and again afterwards. */
export const noteDays = async (due: FirstPartyDue, rows: Rows): Promise<void> => {
  if (due.whole) return;
  const { table } = tables[rows];
  await due.client.query(
    rows === "conversion"
      ? `insert into due_day select distinct date from ${table} c where date is not null and ${isDue(due, rows, "c")}`
      : `insert into due_day
         select distinct d.date from ${table} l,
           lateral (values (l.date), (l.qualified_date), (l.customer_date), ((l.lost_at at time zone $1)::date)) d (date)
         where d.date is not null and ${isDue(due, rows, "l")}`,
    rows === "conversion" ? [] : [due.settings.timeZone],
  );
};

/** The orders of the conversions that are due, those that they were in too. */
export const addOrders = async ({ client, whole }: FirstPartyDue): Promise<void> => {
  if (whole) return;
  const { table } = tables.conversion;
  await client.query(
    `insert into due_conversion select conversion_id from ${table}
     where repeats_id in (select conversion_id from due_conversion) on conflict do nothing`,
  );
  await client.query(
    `insert into due_conversion select o.conversion_id
     from due_conversion d
     join ${table} c on c.conversion_id = d.conversion_id and c.order_id not in ('', '${countedOrder}')
     join ${table} o on o.conversion_name = c.conversion_name and o.order_id = c.order_id
     on conflict do nothing`,
  );
};

/** Above so many rows it costs less to read all of them than to look each up. */
const mostIds = 20_000;

/** Among so few rows nested loops over relations of unknown size cost little, and read no table as a whole. */
const fewIds = 2_000;

/**
 * Whether the planner may loop: it thinks that the intermediate relations are tiny, and would loop over them pair by
 * pair where they are not.
 */
export const allowLoops = async (client: PoolClient, allowed: boolean): Promise<void> => {
  await client.query(setLocal({ enable_nestloop: allowed ? "on" : "off" }));
};

/** The ids that are due; null: all rows. From here on the planner may loop where they are few. */
export const dueIds = async (
  { client, whole }: FirstPartyDue,
  rows: Rows,
): Promise<readonly string[] | null> => {
  const { key, due } = tables[rows];
  const found = whole
    ? null
    : await client.query<{ id: string }>(`select ${key} as id from ${due} limit ${String(mostIds + 1)}`);
  const ids = found === null || found.rows.length > mostIds ? null : found.rows.map(({ id }) => id);
  await allowLoops(client, ids !== null && ids.length <= fewIds);
  return ids;
};

/** Every day that the marts or what they are made from has anything of. */
const everyDay = `
  select date from figures.cost_per_conversion_by_account_daily
  union select date from warehouse.cost_daily
  union select date from warehouse.first_party_conversion
  union select d.date from warehouse.lead l,
    lateral (values (l.date), (l.qualified_date), (l.customer_date), ((l.lost_at at time zone $1)::date)) d (date)
  union select date from warehouse.ga4_session_daily
  union select date from warehouse.ga4_key_event_daily
  union select date from warehouse.measure_daily
  union select date from marts.channel_daily
  union select date from figures.paid_cost_per_conversion_first_party_daily
  union select date from figures.kpi_measure_daily
  union select date from marts.kpi_daily`;

/** Every day, in order. */
export const allDays = async ({ client, settings }: FirstPartyDue): Promise<readonly Day[]> => {
  const { rows } = await client.query<{ date: Day }>(
    `select date from (${everyDay}) days where date is not null order by date`,
    [settings.timeZone],
  );
  return rows.map(({ date }) => date);
};

/** The days that are due, in order. */
export const dueDays = async (due: FirstPartyDue): Promise<readonly Day[]> => {
  if (due.whole) return allDays(due);
  const { rows } = await due.client.query<{ date: Day }>("select distinct date from due_day order by date");
  return rows.map(({ date }) => date);
};
