import { type RawBuilder, sql } from "kysely";
import type { Grain } from "../rule/rule.ts";
import type { FigureMetric } from "../rule/settings.ts";
import type { CoveredAccount } from "./coverage.ts";
import { partsOf } from "./judge.ts";
import type { Sums } from "./sums.ts";

/** The figures of today, or those that were known at a moment (of each account's own). */
export type KnownAt =
  | { readonly known: "now" }
  | { readonly known: "then"; at(account: CoveredAccount): Date };

/** The relation that a grain is summed from, with the columns that it lacks filled in. It reads `span`. */
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

/** What is added up, with the column of `source` that holds it, and whether that is money. */
const columns = {
  spend: { column: sql`m.spend`, money: true },
  clicks: { column: sql`m.clicks`, money: false },
  conversions: { column: sql`m.conversions`, money: false },
  value: { column: sql`m.conversion_value`, money: true },
  projected: { column: sql`m.projected`, money: false },
} as const satisfies Record<keyof Sums, unknown>;

/** The sums that metrics are made of; spend and conversions always: every notice tells them. */
export const neededSums = (metrics: ReadonlySet<FigureMetric>): readonly (keyof Sums)[] => [
  ...new Set<keyof Sums>([
    "spend",
    "conversions",
    ...[...metrics].flatMap((metric) => partsOf[metric].filter((name) => name !== undefined)),
  ]),
];

/** Adds up rows of `source` as `m`, money at the rates `r` where it is converted; or takes each as it is. */
export const sumColumns = (
  names: readonly (keyof Sums)[],
  { converted, single }: { readonly converted: boolean; readonly single: boolean },
): RawBuilder<unknown> => {
  const total = (name: string, value: RawBuilder<unknown>) =>
    sql`${single ? value : sql`sum(${value})`} as ${sql.ref(name)}`;
  const unrated = sql`case when r.rate is null and (m.spend <> 0 or m.conversion_value <> 0) then 1 else 0 end`;
  return sql.join([
    ...names.map((name) => {
      const { column, money } = columns[name];
      return total(name, money && converted ? sql`${column} * r.rate` : column);
    }),
    total("unrated", converted ? unrated : sql`0`),
  ]);
};
