import { DateTime } from "luxon";
import { aboveZero, currency, number, pastDay } from "../values.ts";
import type { ImportKind } from "./kind.ts";
import { lastRows } from "./merge.ts";

// Rates are published for a day of some zone: what is today anywhere is no future.
const latestToday = (): string => DateTime.utc().plus({ hours: 14 }).toISODate();

/** Exchange rates: one unit of base costs rate units of quote. */
export const rates: ImportKind = {
  name: "rates",
  required: ["date", "base", "quote", "rate"],
  columns: {
    date: (value, format) => pastDay(latestToday())(value, format),
    base: currency,
    quote: currency,
    rate: aboveZero(number(12)),
  },
  example: { date: "2026-10-05", base: "EUR", quote: "DKK", rate: "7.4602" },
  ids: [],
  ownIds: [],
  money: [],
  staging: { date: "date", base: "text", quote: "text", rate: "numeric(24, 12)" },
  row: (values, refuse) => {
    if (values.base !== undefined && values.base === values.quote) refuse("quote", "is the same as base");
    return values;
  },
  key: ["base", "quote", "date"],
  merge: async (client, { source }) => {
    const { rows } = await client.query<{ total: string; inserted: string; changed: string }>(
      `with fresh as ${lastRows(["base", "quote", "date"])},
       merged as (
         insert into warehouse.exchange_rate as old (rate_date, base, quote, rate, source)
         select date, base, quote, rate, $1 from fresh
         on conflict (base, quote, rate_date) do update
         set rate = excluded.rate, source = excluded.source, loaded_at = excluded.loaded_at
         where old.rate is distinct from excluded.rate
         returning xmax = 0 as is_new
       )
       select (select count(*) from fresh) as total,
              count(*) filter (where is_new) as inserted, count(*) filter (where not is_new) as changed
       from merged`,
      [source],
    );
    const [{ total, inserted, changed } = { total: "0", inserted: "0", changed: "0" }] = rows;
    return {
      inserted: Number(inserted),
      changed: Number(changed),
      unchanged: Number(total) - Number(inserted) - Number(changed),
    };
  },
};
