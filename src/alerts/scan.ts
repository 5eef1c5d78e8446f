import { type Kysely, type RawBuilder, sql } from "kysely";
import { addDays, type DayRange } from "../domain/day.ts";
import type { DB } from "../warehouse/schema.ts";
import type { Exact } from "./exact.ts";
import type { AlertRule, Grain } from "./rule.ts";
import type { ScopedAccount } from "./scope.ts";

/** Which sums a rule needs; rules that need the same share one scan. */
export interface ScanRequest {
  readonly grain: Grain;
  readonly windowDays: number;
  readonly settleDays: number;
  /** Also the window before, for rules about change. */
  readonly withBefore: boolean;
  /** The currency to convert to, at each day's rate; absent: as the account spends. */
  readonly currency: string | undefined;
}

export interface Sums {
  readonly spend: Exact;
  readonly clicks: Exact;
  readonly conversions: Exact;
  readonly value: Exact;
  readonly projected: Exact;
}

/** One campaign's sums over its account's window, by network or action where the grain asks for it. */
export interface ScanRow {
  readonly account: ScopedAccount;
  readonly campaignId: string;
  readonly campaignName: string | null;
  /** Network, or conversion action; empty for the grain `campaign`. */
  readonly partId: string;
  readonly partName: string | null;
  readonly now: Sums;
  readonly before: Sums;
  /** Days with money but without an exchange rate. */
  readonly unrated: number;
}

/** The scan that a rule needs. By action it always looks one window further back: see `seriesOf`. */
export const requestOf = (rule: AlertRule, currency: string | undefined): ScanRequest => ({
  grain: rule.grain,
  windowDays: rule.windowDays,
  settleDays: rule.settleDays,
  withBefore:
    rule.grain === "action" || rule.condition.kind === "changeAbove" || rule.condition.kind === "changeBelow",
  currency,
});

/** The figures of today, or those that were known at a moment (of each account's own). */
export type Figures =
  | { readonly known: "now" }
  | { readonly known: "then"; at(account: ScopedAccount): Date };

export const windowOf = (
  account: ScopedAccount,
  request: Pick<ScanRequest, "windowDays" | "settleDays">,
): DayRange => {
  const to = addDays(account.youngest, -request.settleDays);
  return { from: addDays(to, 1 - request.windowDays), to };
};

export const windowBefore = (window: DayRange, days: number): DayRange => ({
  from: addDays(window.from, -days),
  to: addDays(window.from, -1),
});

const rates = (target: string): RawBuilder<unknown> => sql`
  rate as materialized (
    select c.currency, d.day::date as day,
           case when c.currency = ${target} then 1
                else (case when ${target} = 'EUR' then 1 else t.rate end)
                     / (case when c.currency = 'EUR' then 1 else s.rate end) end as rate
    from (select distinct currency from warehouse.account) c
    cross join (select generate_series(min(before_from), max(till), interval '1 day') as day from span) d
    left join lateral (
      select r.rate from warehouse.exchange_rate r
      where r.base = 'EUR' and r.quote = c.currency and r.rate_date between d.day::date - 10 and d.day::date
      order by r.rate_date desc limit 1) s on true
    left join lateral (
      select r.rate from warehouse.exchange_rate r
      where r.base = 'EUR' and r.quote = ${target} and r.rate_date between d.day::date - 10 and d.day::date
      order by r.rate_date desc limit 1) t on true
  ),`;

/** The relation that a grain is summed from, with the columns that it lacks filled in. */
const source = (grain: Grain, figures: Figures): RawBuilder<unknown> => {
  if (figures.known === "then")
    return sql`(
      select distinct on (h.account_key, h.date, h.campaign_id) h.account_key, h.date, h.campaign_id,
             c.name as campaign_name, '' as part_id, null::text as part_name, h.currency, h.spend, h.clicks,
             h.conversions, h.conversion_value, h.conversions as projected
      from marts.cost_per_conversion_history h
      join span on span.account_key = h.account_key and h.observed_at <= span.known_at
      left join warehouse.campaign c on c.account_key = h.account_key and c.campaign_id = h.campaign_id
      where h.date between span.before_from and span.till
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

/** A sum in 10^-12, so that it is read as a whole number. */
const scaled = (column: RawBuilder<unknown>, condition: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`trunc(coalesce(sum(${column}) filter (where ${condition}), 0) * 1000000000000)::text`;

const sumsOf = (condition: RawBuilder<unknown>, rate: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql.join([
    scaled(sql`m.spend${rate}`, condition),
    scaled(sql`m.clicks`, condition),
    scaled(sql`m.conversions`, condition),
    scaled(sql`m.conversion_value${rate}`, condition),
    scaled(sql`m.projected`, condition),
  ]);

interface RawRow {
  readonly account_key: number;
  readonly campaign_id: string;
  readonly campaign_name: string | null;
  readonly part_id: string;
  readonly part_name: string | null;
  readonly sums: readonly string[];
  readonly before: readonly string[] | null;
  readonly unrated: string;
}

const nothing: Sums = { spend: 0n, clicks: 0n, conversions: 0n, value: 0n, projected: 0n };

const readSums = (cells: readonly string[] | null): Sums => {
  if (cells === null) return nothing;
  const [spend = "0", clicks = "0", conversions = "0", value = "0", projected = "0"] = cells;
  return {
    spend: BigInt(spend),
    clicks: BigInt(clicks),
    conversions: BigInt(conversions),
    value: BigInt(value),
    projected: BigInt(projected),
  };
};

/** Sums each campaign over its account's window, in one statement. */
export const scan = async (options: {
  readonly db: Kysely<DB>;
  readonly request: ScanRequest;
  readonly figures: Figures;
  readonly accounts: readonly ScopedAccount[];
}): Promise<readonly ScanRow[]> => {
  const { request, figures } = options;
  const spans = options.accounts.flatMap((account) => {
    if (account.accountKey === null) return [];
    const window = windowOf(account, request);
    const before = request.withBefore ? windowBefore(window, request.windowDays).from : window.from;
    const knownAt = figures.known === "then" ? figures.at(account) : null;
    return [{ account, key: account.accountKey, window, before, knownAt }];
  });
  if (spans.length === 0) return [];
  const target = request.currency;
  const rate = target === undefined ? sql`` : sql` * r.rate`;
  const first = spans.map(({ before }) => before).sort()[0];
  const last = spans
    .map(({ window }) => window.to)
    .sort()
    .at(-1);
  const { rows } = await sql<RawRow>`
    with span as materialized (
      select * from unnest(
        ${spans.map(({ key }) => key)}::int[], ${spans.map(({ before }) => before)}::date[],
        ${spans.map(({ window }) => window.from)}::date[], ${spans.map(({ window }) => window.to)}::date[],
        ${spans.map(({ knownAt }) => knownAt)}::timestamptz[]
      ) as s(account_key, before_from, since, till, known_at)
    ),
    ${target === undefined ? sql`` : rates(target)}
    figure as (select * from ${source(request.grain, figures)} f)
    select m.account_key, m.campaign_id, max(m.campaign_name) as campaign_name, m.part_id,
           max(m.part_name) as part_name,
           array[${sumsOf(sql`m.date >= span.since`, rate)}] as sums,
           ${request.withBefore ? sql`array[${sumsOf(sql`m.date < span.since`, rate)}]` : sql`null`} as before,
           ${target === undefined ? sql`'0'` : sql`count(*) filter (where r.rate is null and (m.spend <> 0 or m.conversion_value <> 0))`} as unrated
    from figure m
    join span on span.account_key = m.account_key and m.date between span.before_from and span.till
    ${target === undefined ? sql`` : sql`left join rate r on r.currency = m.currency and r.day = m.date`}
    where m.date between ${first}::date and ${last}::date and m.spend is not null
    group by m.account_key, m.campaign_id, m.part_id`.execute(options.db);
  const byKey = new Map(spans.map(({ key, account }) => [key, account]));
  return rows.flatMap((row) => {
    const account = byKey.get(row.account_key);
    if (account === undefined) return [];
    return [
      {
        account,
        campaignId: row.campaign_id,
        campaignName: row.campaign_name,
        partId: row.part_id,
        partName: row.part_name,
        now: readSums(row.sums),
        before: readSums(row.before),
        unrated: Number(row.unrated),
      },
    ];
  });
};
