import { type RawBuilder, sql } from "kysely";
import { wholeSum } from "../../metrics/whole-sum.ts";
import type { CurrencyChoice, Figures } from "./answers.ts";
import type { Read } from "./read.ts";
import { WebProblem } from "../failures.ts";

/** @throws WebProblem where nothing is kept in that currency. */
export const chooseCurrency = async (read: Read, asked: string | undefined): Promise<CurrencyChoice> => {
  const accounts = await read<{ currency: string }>(
    sql`select currency from warehouse.account group by 1 order by count(*) desc, 1`,
  );
  const [latest] = await read<{ reporting_currency: string }>(sql`
    select reporting_currency from marts.cost_per_conversion_by_account_daily
    where reporting_currency is not null order by date desc limit 1`);
  const reporting = latest?.reporting_currency ?? null;
  const own = accounts.map(({ currency }) => currency);
  const available = [...new Set(reporting === null ? own : [reporting, ...own])];
  const shared = { reporting, available };
  if (asked !== undefined && !available.includes(asked))
    throw new WebProblem(
      400,
      `currency: no account spends in ${asked}`,
      available.length === 0 ? "leave the currency out" : `choose one of ${available.join(", ")}`,
    );
  if (reporting !== null && (asked === undefined || asked === reporting))
    return { mode: "reporting", code: reporting, ...shared };
  const only = asked ?? (own.length === 1 ? own[0] : undefined);
  return only === undefined
    ? { mode: "each", code: null, ...shared }
    : { mode: "account", code: only, ...shared };
};

/** Rows of a mart `m` that the choice speaks of: one account currency leaves the others out. */
export const inCurrency = ({ mode, code }: CurrencyChoice): RawBuilder<unknown> =>
  mode === "account" ? sql`and m.currency = ${code}` : sql``;

/** What the amounts of a row of mart `m` are in: groups by it never mix two currencies. */
export const currencyOf = ({ mode, code }: CurrencyChoice): RawBuilder<unknown> =>
  mode === "reporting" ? sql`${code}::text` : sql`m.currency`;

/** A sum of an expression that is unknown as soon as one of its parts is. */
export const whole = (amount: string): RawBuilder<unknown> => sql.raw(wholeSum(amount));

const amount = (column: string, { mode }: CurrencyChoice): RawBuilder<unknown> =>
  mode === "reporting" ? whole(`m.${column}_reporting`) : sql`sum(${sql.ref(`m.${column}`)})`;

export const spendOf = (choice: CurrencyChoice): RawBuilder<unknown> => amount("spend", choice);
export const valueOf = (choice: CurrencyChoice): RawBuilder<unknown> => amount("conversion_value", choice);

/** The sums over a mart `m` that every figure of a group is made of. */
export const sums = (choice: CurrencyChoice): RawBuilder<unknown> => sql`
  ${spendOf(choice)} as spend, sum(m.impressions) as impressions, sum(m.clicks) as clicks,
  sum(m.conversions) as conversions, ${valueOf(choice)} as conversion_value,
  sum(m.organic_conversions) as organic_conversions, bool_and(m.is_final) as is_final`;

/** The same over groups `g` that were summed already: totals are sums of sums, and their ratios ratios of those. */
export const sumsOfSums: RawBuilder<unknown> = sql`
  ${whole("g.spend")} as spend, sum(g.impressions) as impressions, sum(g.clicks) as clicks,
  sum(g.conversions) as conversions, ${whole("g.conversion_value")} as conversion_value,
  sum(g.organic_conversions) as organic_conversions, bool_and(g.is_final) as is_final`;

const ratio = (over: string, under: string): RawBuilder<unknown> =>
  sql`g.${sql.ref(over)}::numeric / nullif(g.${sql.ref(under)}, 0)`;

const ratios = {
  cost_per_conversion: ratio("spend", "conversions"),
  cost_per_click: ratio("spend", "clicks"),
  conversion_rate: ratio("conversions", "clicks"),
  return_on_ad_spend: ratio("conversion_value", "spend"),
} as const;

const sumNames = [
  "spend",
  "impressions",
  "clicks",
  "conversions",
  "conversion_value",
  "organic_conversions",
] as const;

export const figureNames = [...sumNames, ...(Object.keys(ratios) as (keyof typeof ratios)[])];

/** A figure of a summed group `g`, for sorting by it. */
export const figure = (name: keyof Figures): RawBuilder<unknown> =>
  name in ratios ? ratios[name as keyof typeof ratios] : sql`g.${sql.ref(name)}`;

/** Every figure of a summed group `g`. */
export const figures: RawBuilder<unknown> = sql.join(
  figureNames.map((name) => sql`${figure(name)} as ${sql.ref(name)}`),
);
