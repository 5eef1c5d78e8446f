import { DateTime } from "luxon";
import { putRates, touchConverted } from "../../metrics/rates/put.ts";
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
    const put = await putRates(
      client,
      `select date, base, quote, rate, $1 from ${lastRows(["base", "quote", "date"])} fresh`,
      [source],
    );
    await touchConverted(client, [put]);
    const { rows } = await client.query<{ total: string }>(
      "select count(*) as total from (select distinct base, quote, date from import_row) fresh",
    );
    const { inserted, changed } = put;
    return { inserted, changed, unchanged: Number(rows[0]?.total ?? 0) - inserted - changed };
  },
};
