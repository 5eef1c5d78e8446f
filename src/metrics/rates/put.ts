import type pg from "pg";
import { addDays, type Day } from "../../domain/day.ts";
import { touchDaysOf } from "../../warehouse/touched-days.ts";

/** A day without rates takes those of up to ten days before: see warehouse.rate_on. */
export const reachDays = 10;

/**
 * Rollups share it while they convert, who changes what they convert by holds it alone. So no day is made with the old
 * and missed by the look for what has to be made again.
 */
export const holdConversion = async (client: pg.ClientBase, how: "alone" | "shared"): Promise<void> => {
  await client.query(`select ops.hold${how === "shared" ? "_shared" : ""}('costper.rates')`);
};

/** The currency that the marts' amounts are converted into; null: none. */
export const convertedInto = async (client: pg.ClientBase): Promise<string | null> => {
  const { rows } = await client.query<{ value: string }>(
    "select value from ops.rollup_setting where name = 'reporting_currency'",
  );
  return rows[0]?.value || null;
};

/** What a statement that writes rates came to. */
export interface RatesPut {
  readonly inserted: number;
  readonly changed: number;
  /** The days of the rates that were written; null where none was. */
  readonly first: Day | null;
  readonly last: Day | null;
}

/**
 * Puts rates in place by currencies and day, and leaves those alone that are the same.
 * @param rates a query that gives rate_date, base, quote, rate and source
 * @param keeps says of a stored rate `kept` whether it stays, whatever comes
 */
export const putRates = async (
  client: pg.ClientBase,
  rates: string,
  parameters: readonly unknown[],
  keeps = "false",
): Promise<RatesPut> => {
  const { rows } = await client.query<{ inserted: string; changed: string; first: Day; last: Day }>(
    `with put as (
       insert into warehouse.exchange_rate as kept (rate_date, base, quote, rate, source) ${rates}
       on conflict (base, quote, rate_date) do update
       set rate = excluded.rate, source = excluded.source, loaded_at = excluded.loaded_at
       where not (${keeps}) and kept.rate is distinct from excluded.rate
       returning rate_date, xmax = 0 as is_new
     )
     select count(*) filter (where is_new) as inserted, count(*) filter (where not is_new) as changed,
            min(rate_date) as first, max(rate_date) as last
     from put`,
    [...parameters],
  );
  const { inserted = "0", changed = "0", first = null, last = null } = rows[0] ?? {};
  return { inserted: Number(inserted), changed: Number(changed), first, last };
};

/**
 * Marks the account-days whose amounts the rates that this transaction has written convert otherwise than the marts
 * do, or at all where no rate was known. Nothing waits for it before the last rate is written.
 */
export const touchConverted = async (client: pg.ClientBase, written: readonly RatesPut[]): Promise<void> => {
  const firsts = written.flatMap(({ first }) => first ?? []).sort();
  const lasts = written.flatMap(({ last }) => last ?? []).sort();
  const [from, to] = [firsts[0], lasts.at(-1)];
  if (from === undefined || to === undefined) return;
  await holdConversion(client, "alone");
  const currency = await convertedInto(client);
  if (currency === null) return;
  const range = [from, addDays(to, reachDays)];
  const { rows: pairs } = await client.query<{ date: Day; currency: string }>(
    `select distinct m.date, a.currency from figures.day_rate m join warehouse.account a using (account_key)
     where m.date between $1 and $2 and a.currency <> $3`,
    [...range, currency],
  );
  if (pairs.length === 0) return;
  // Rates lie on the coordinator, where the marts are distributed: the two are not joined.
  const { rows: rates } = await client.query<{ date: Day; currency: string; rate: string | null }>(
    `select date, currency, warehouse.rate_on(date, currency, $3) as rate
     from unnest($1::date[], $2::text[]) as pair (date, currency)`,
    [pairs.map(({ date }) => date), pairs.map((pair) => pair.currency), currency],
  );
  await touchDaysOf(
    client,
    `select m.account_key, m.date
     from figures.day_rate m
     join warehouse.account a using (account_key)
     join unnest($3::date[], $4::text[], $5::numeric[]) as now (date, currency, rate)
       on now.date = m.date and now.currency = a.currency
     where m.date between $1 and $2 and m.rate is distinct from now.rate`,
    [
      ...range,
      rates.map(({ date }) => date),
      rates.map((rate) => rate.currency),
      rates.map(({ rate }) => rate),
    ],
  );
};
