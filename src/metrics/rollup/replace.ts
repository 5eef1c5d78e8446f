import type pg from "pg";
import type { Mart } from "./fresh.ts";

export interface MartDays {
  readonly client: pg.PoolClient;
  readonly accountKey: number;
  readonly days: readonly string[];
  readonly reportingCurrency: string | null;
  /** What one unit of the account's currency is worth on each of the days: decimal text, NULL where it is not known. */
  readonly rates: readonly (string | null)[];
}

export interface MartDaysAt extends MartDays {
  /** The moment of the changes. */
  readonly now: Date | string;
}

const list = (alias: string, columns: readonly string[]): string =>
  columns.map((column) => `${alias}.${column}`).join(", ");

/** What differs between a mart's figures and the facts: gone, new or changed rows. */
const difference = (mart: Mart): string => `
  fresh as (${mart.fresh}),
  stored as (
    select account_key, ${[...mart.key, ...mart.figures].join(", ")} from figures.${mart.name}
    where account_key = $1 and date = any ($2::date[])
  ),
  difference as materialized (
    select ${mart.key.map((column) => `coalesce(f.${column}, s.${column}) as ${column}`).join(", ")},
           ${list("f", mart.figures)}, f.account_key is null as is_gone, s.account_key is null as is_new
    from fresh f
    full join stored s on ${mart.key.map((column) => `f.${column} = s.${column}`).join(" and ")}
    where f.account_key is null or s.account_key is null
       or (${list("f", mart.figures)}) is distinct from (${list("s", mart.figures)})
  )`;

/** History is kept of the daily mart: each change of its figures, and a last row without figures for what vanished. */
const historyOf = `,
  remembered as (
    insert into marts.cost_per_conversion_history
      (account_key, date, platform, account_id, campaign_id, observed_at, currency, spend, impressions, clicks,
       conversions, conversion_value, organic_conversions, cost_per_conversion)
    select $1, d.date, a.platform, a.account_id, d.campaign_id, $5::timestamptz, coalesce(d.currency, a.currency),
           d.spend, d.impressions, d.clicks, d.conversions, d.conversion_value, d.organic_conversions,
           figures.ratio(d.spend, d.conversions)
    from difference d
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

/**
 * Brings a mart to what the facts say about the days, in one statement. Rows that come out the same are left alone, so
 * refreshed_at says when a figure or the currency last changed.
 * @returns the number of rows written.
 */
export const replaceMart = async (
  scope: MartDaysAt,
  mart: Mart,
  options: { readonly history: boolean },
): Promise<number> => {
  const { figures } = mart;
  const target = `figures.${mart.name}`;
  const columns = [...mart.key, ...figures].join(", ");
  // The days are named once more, so that only their partitions are looked at.
  const same = `m.account_key = $1 and m.date = any ($2::date[]) and (${list("m", mart.key)}) = (${list("d", mart.key)})`;
  const { rows } = await scope.client.query<{ written: string }>(
    `with ${difference(mart)},
     gone as (delete from ${target} m using difference d where d.is_gone and ${same} returning 1),
     changed as (
       update ${target} m
       set ${figures.map((column) => `${column} = d.${column}`).join(", ")}, refreshed_at = $5::timestamptz
       from difference d where not d.is_gone and not d.is_new and ${same}
       returning 1
     ),
     added as (
       insert into ${target} (account_key, ${columns}, refreshed_at)
       select $1, ${columns}, $5::timestamptz from difference where is_new
       returning 1
     )${options.history ? historyOf : ""}
     select (select count(*) from gone) + (select count(*) from changed) + (select count(*) from added) as written`,
    [scope.accountKey, scope.days, scope.reportingCurrency, scope.rates, scope.now],
  );
  return Number(rows[0]?.written ?? 0);
};

/** How many rows of a mart are not what the facts say; 0 proves the rollup. Writes nothing. */
export const countDifferences = async (
  { client, accountKey, days, reportingCurrency, rates }: MartDays,
  mart: Mart,
): Promise<number> => {
  const { rows } = await client.query<{ differing: string }>(
    `with ${difference(mart)} select count(*) as differing from difference`,
    [accountKey, days, reportingCurrency, rates],
  );
  return Number(rows[0]?.differing ?? 0);
};
