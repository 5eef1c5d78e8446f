import type pg from "pg";
import { qualified } from "../../warehouse/columns.ts";
import type { Mart, Together } from "./fresh.ts";

export interface MartDays {
  readonly client: pg.PoolClient;
  readonly accountKey: number;
  readonly days: readonly string[];
  readonly reportingCurrency: string | null;
  /** What one unit of the account's currency is worth on each of the days: decimal text, NULL where it is not known. */
  readonly rates: readonly (string | null)[];
}

/** Which rows of a table of figures are made again. */
export interface Stretch {
  readonly client: pg.PoolClient;
  /** Of its `fresh`: the account, the days of its rows, and what else it takes. */
  readonly parameters: readonly unknown[];
}

export interface StretchAt extends Stretch {
  /** The moment of the changes. */
  readonly now: Date | string;
}

/** The days of an account, as the marts take them. */
export const stretchOf = ({ client, accountKey, days, reportingCurrency, rates }: MartDays): Stretch => ({
  client,
  parameters: [accountKey, days, reportingCurrency, rates],
});

/** What differs between stored figures and what they should be: gone, new or changed rows. `nth` of its statement's marts. */
const difference = (mart: Mart, nth: number): string => `
  fresh_${nth} as (${mart.fresh}),
  stored_${nth} as (
    select account_key, ${[...mart.key, ...mart.figures].join(", ")} from figures.${mart.name}
    where account_key = $1 and date = any ($2::date[])
  ),
  difference_${nth} as materialized (
    select ${mart.key.map((column) => `coalesce(f.${column}, s.${column}) as ${column}`).join(", ")},
           ${qualified("f", mart.figures)}, f.account_key is null as is_gone, s.account_key is null as is_new
    from fresh_${nth} f
    full join stored_${nth} s on ${mart.key.map((column) => `f.${column} = s.${column}`).join(" and ")}
    where f.account_key is null or s.account_key is null
       or (${qualified("f", mart.figures)}) is distinct from (${qualified("s", mart.figures)})
  )`;

/** Writes the difference. */
const change = ({ name, key, figures }: Mart, nth: number, now: string): string => {
  const columns = [...key, ...figures].join(", ");
  // The days are named once more, so that only their partitions are looked at.
  const same = `m.account_key = $1 and m.date = any ($2::date[]) and (${qualified("m", key)}) = (${qualified("d", key)})`;
  return `
  gone_${nth} as (
    delete from figures.${name} m using difference_${nth} d where d.is_gone and ${same} returning 1
  ),
  changed_${nth} as (
    update figures.${name} m
    set ${figures.map((column) => `${column} = d.${column}`).join(", ")}, refreshed_at = ${now}
    from difference_${nth} d where not d.is_gone and not d.is_new and ${same}
    returning 1
  ),
  added_${nth} as (
    insert into figures.${name} (account_key, ${columns}, refreshed_at)
    select $1, ${columns}, ${now} from difference_${nth} where is_new
    returning 1
  )`;
};

/** History is kept of the daily mart: each change of its figures, and a last row without figures for what vanished. */
const historyOf = (nth: number, now: string): string => `
  remembered as (
    insert into marts.cost_per_conversion_history
      (account_key, date, platform, account_id, campaign_id, observed_at, currency, spend, impressions, clicks,
       conversions, conversion_value, organic_conversions, cost_per_conversion)
    select $1, d.date, a.platform, a.account_id, d.campaign_id, ${now}, coalesce(d.currency, a.currency),
           d.spend, d.impressions, d.clicks, d.conversions, d.conversion_value, d.organic_conversions,
           figures.ratio(d.spend, d.conversions)
    from difference_${nth} d
    join warehouse.account a on a.account_key = $1
    left join lateral (
      select h.spend, h.impressions, h.clicks, h.conversions, h.conversion_value, h.organic_conversions, h.currency,
             true as known
      from marts.cost_per_conversion_history h
      where h.account_key = $1 and h.date = d.date and h.campaign_id = d.campaign_id
      order by h.observed_at desc limit 1
    ) last on true
    where last.known is null
       or (last.spend, last.impressions, last.clicks, last.conversions, last.conversion_value,
           last.organic_conversions, last.currency)
          is distinct from (d.spend, d.impressions, d.clicks, d.conversions, d.conversion_value,
                            d.organic_conversions, coalesce(d.currency, a.currency))
  )`;

const statement = ({ shared }: Together, parts: readonly string[]): string =>
  `with ${[...(shared === null ? [] : [shared]), ...parts].join(",")}`;

/**
 * Brings figures to what they should be on the days, in one statement. Rows that come out the same are left alone, so
 * refreshed_at says when a figure or the currency last changed.
 * @returns the number of rows written.
 */
export const replaceMarts = async (
  { client, parameters, now }: StretchAt,
  together: Together,
): Promise<number> => {
  const moment = `$${String(parameters.length + 1)}::timestamptz`;
  const parts = together.marts.flatMap((mart, nth) => [
    difference(mart, nth),
    change(mart, nth, moment),
    ...(mart.hasHistory ? [historyOf(nth, moment)] : []),
  ]);
  const counts = together.marts.flatMap((_, nth) =>
    ["gone", "changed", "added"].map((part) => `(select count(*) from ${part}_${nth})`),
  );
  const { rows } = await client.query<{ written: string }>(
    `${statement(together, parts)} select ${counts.join(" + ")} as written`,
    [...parameters, now],
  );
  return Number(rows[0]?.written ?? 0);
};

/** How many rows of each are not what they should be; 0 proves the rollup. Writes nothing. */
export const countDifferences = async (
  { client, parameters }: Stretch,
  together: Together,
): Promise<readonly (readonly [mart: string, rows: number])[]> => {
  const { rows } = await client.query<Record<string, string>>(
    `${statement(together, together.marts.map(difference))}
     select ${together.marts.map(({ name }, nth) => `(select count(*) from difference_${nth}) as ${name}`).join(", ")}`,
    [...parameters],
  );
  return together.marts.map(({ name }) => [name, Number(rows[0]?.[name] ?? 0)] as const);
};
