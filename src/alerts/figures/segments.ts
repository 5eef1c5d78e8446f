import { type Kysely, type RawBuilder, sql } from "kysely";
import { addDays } from "../../domain/day.ts";
import type { DB } from "../../warehouse/schema.ts";
import type { Grain } from "../rule/rule.ts";
import type { CoveredAccount } from "./coverage.ts";
import type { Sums } from "./sums.ts";
import type { FigureMetric } from "../rule/settings.ts";

/** The figures of today, or those that were known at a moment (of each account's own). */
export type KnownAt =
  | { readonly known: "now" }
  | { readonly known: "then"; at(account: CoveredAccount): Date };

/** One campaign's sums over a run of days, by network or action where the grain asks for it. */
export interface SegmentRow {
  /** Names the campaign and part. */
  readonly key: string;
  readonly account: CoveredAccount;
  readonly campaignId: string;
  readonly campaignName: string | null;
  readonly partId: string;
  readonly partName: string | null;
  /** Which run of days, from 0, the youngest. */
  readonly index: number;
  readonly sums: Sums;
  /** Days with money but without an exchange rate. */
  readonly unrated: number;
}

/** What the marts convert by, once for each day and currency. */
export const rates = (target: string): RawBuilder<unknown> => sql`
  rate as materialized (
    select c.currency, d.day::date as day, warehouse.rate_on(d.day::date, c.currency, ${target}) as rate
    from (select distinct currency from warehouse.account) c
    cross join (select generate_series(min(since), max(till), interval '1 day') as day from span) d
  ),`;

/** The relation that a grain is summed from, with the columns that it lacks filled in. */
export const source = (grain: Grain, figures: KnownAt): RawBuilder<unknown> => {
  if (figures.known === "then")
    return sql`(
      select distinct on (h.account_key, h.date, h.campaign_id) h.account_key, h.date, h.campaign_id,
             c.name as campaign_name, '' as part_id, null::text as part_name, h.currency, h.spend, h.clicks,
             h.conversions, h.conversion_value, h.conversions as projected
      from marts.cost_per_conversion_history h
      join span on span.account_key = h.account_key and h.observed_at <= span.known_at
      left join warehouse.campaign c on c.account_key = h.account_key and c.campaign_id = h.campaign_id
      where h.date between span.since and span.till
      order by h.account_key, h.date, h.campaign_id, h.observed_at desc)`;
  switch (grain) {
    case "campaign":
      return sql`(select *, '' as part_id, null::text as part_name,
        coalesce(projected_conversions, conversions) as projected from marts.cost_per_conversion_daily)`;
    case "network":
      return sql`(select *, network as part_id, network as part_name,
        conversions as projected from marts.cost_per_conversion_by_network_daily)`;
    case "action":
      return sql`(select *, conversion_action_id as part_id, conversion_action_name as part_name,
        0 as spend, 0 as clicks, conversions as projected from marts.cost_per_conversion_by_action_daily)`;
  }
};

/** The sums that a metric is made of, beyond spend and conversions, which every notice tells. */
const needs: Readonly<Partial<Record<FigureMetric, keyof Sums>>> = {
  cost_per_click: "clicks",
  conversion_rate: "clicks",
  return_on_ad_spend: "value",
  projected_cost_per_conversion: "projected",
};

/** A sum in 10^-12, so that it is read as a whole number. */
const scaled = (column: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`trunc(sum(${column}) * 1000000000000)::text`;

/** Sums as the database writes them. */
export interface RawSums {
  readonly spend: string;
  readonly clicks: string;
  readonly conversions: string;
  readonly value: string;
  readonly projected: string;
  readonly unrated: string;
}

export const sumsOf = (row: RawSums): Sums => ({
  spend: BigInt(row.spend),
  clicks: BigInt(row.clicks),
  conversions: BigInt(row.conversions),
  value: BigInt(row.value),
  projected: BigInt(row.projected),
});

/** The sums over figures `m`, at rates `r` where they are converted; those that no metric needs are 0. */
export const figureColumns = (
  target: string | undefined,
  metrics: ReadonlySet<FigureMetric>,
): RawBuilder<unknown> => {
  const rate = target === undefined ? sql`` : sql` * r.rate`;
  const used = new Set([...metrics].map((metric) => needs[metric]));
  const sumIf = (name: keyof Sums, column: RawBuilder<unknown>): RawBuilder<unknown> =>
    used.has(name) ? sql`coalesce(${scaled(column)}, '0')` : sql`'0'`;
  return sql`
    coalesce(${scaled(sql`m.spend${rate}`)}, '0') as spend,
    ${sumIf("clicks", sql`m.clicks`)} as clicks,
    coalesce(${scaled(sql`m.conversions`)}, '0') as conversions,
    ${sumIf("value", sql`m.conversion_value${rate}`)} as value,
    ${sumIf("projected", sql`m.projected`)} as projected,
    ${
      target === undefined
        ? sql`'0'`
        : sql`count(*) filter (where r.rate is null and (m.spend <> 0 or m.conversion_value <> 0))`
    } as unrated`;
};

interface RawRow extends RawSums {
  readonly account_key: number;
  readonly campaign_id: string;
  readonly campaign_name: string | null;
  readonly part_id: string;
  readonly part_name: string | null;
  readonly segment: number;
}

export interface SegmentRequest {
  readonly db: Kysely<DB>;
  readonly grain: Grain;
  readonly currency: string | undefined;
  /** Ages in days at which a run of days begins, youngest first; the last is where the oldest ends. */
  readonly bounds: readonly number[];
  /** Whose sums are needed; the others come as 0. */
  readonly metrics: ReadonlySet<FigureMetric>;
  readonly figures: KnownAt;
  readonly accounts: readonly CoveredAccount[];
}

/** Sums each campaign over each run of its account's days, in one statement. */
export const readSegments = async (request: SegmentRequest): Promise<readonly SegmentRow[]> => {
  const { figures, bounds, currency: target } = request;
  const youngestAge = bounds[0] ?? 0;
  const oldestAge = (bounds.at(-1) ?? 1) - 1;
  const spans = request.accounts.flatMap((account) =>
    account.accountKey === null
      ? []
      : [
          {
            account,
            key: account.accountKey,
            since: addDays(account.youngest, -oldestAge),
            till: addDays(account.youngest, -youngestAge),
            knownAt: figures.known === "then" ? figures.at(account) : null,
          },
        ],
  );
  if (spans.length === 0) return [];
  const first = spans.map(({ since }) => since).sort()[0];
  const last = spans
    .map(({ till }) => till)
    .sort()
    .at(-1);
  const { rows } = await sql<RawRow>`
    with span as materialized (
      select * from unnest(
        ${spans.map(({ key }) => key)}::int[], ${spans.map(({ since }) => since)}::date[],
        ${spans.map(({ till }) => till)}::date[], ${spans.map(({ knownAt }) => knownAt)}::timestamptz[],
        ${spans.map(({ account }) => account.youngest)}::date[]
      ) as s(account_key, since, till, known_at, youngest)
    ),
    ${target === undefined ? sql`` : rates(target)}
    figure as (select * from ${source(request.grain, figures)} f)
    select m.account_key, m.campaign_id, max(m.campaign_name) as campaign_name, m.part_id,
           max(m.part_name) as part_name,
           width_bucket(span.youngest - m.date, ${[...bounds]}::int[]) - 1 as segment,
           ${figureColumns(target, request.metrics)}
    from figure m
    join span on span.account_key = m.account_key and m.date between span.since and span.till
    ${target === undefined ? sql`` : sql`left join rate r on r.currency = m.currency and r.day = m.date`}
    where m.date between ${first}::date and ${last}::date and m.spend is not null
    group by m.account_key, m.campaign_id, m.part_id, segment`.execute(request.db);
  const byKey = new Map(spans.map(({ key, account }) => [key, account]));
  return rows.flatMap((row): SegmentRow[] => {
    const account = byKey.get(row.account_key);
    if (account === undefined) return [];
    return [
      {
        key: `${String(row.account_key)}/${row.campaign_id}/${row.part_id}`,
        account,
        campaignId: row.campaign_id,
        campaignName: row.campaign_name,
        partId: row.part_id,
        partName: row.part_name,
        index: row.segment,
        sums: sumsOf(row),
        unrated: Number(row.unrated),
      },
    ];
  });
};
