import { type Kysely, sql } from "kysely";
import { addDays, earlierDay, laterDay } from "../../domain/day.ts";
import type { Exact } from "../../domain/decimal.ts";
import type { DB } from "../../warehouse/schema.ts";
import type { FigureMetric } from "../rule/settings.ts";
import type { SumsAsk } from "./ask.ts";
import type { CoveredAccount } from "./coverage.ts";
import { scopesOf } from "./scopes.ts";
import type { SeriesRow } from "./series-row.ts";
import { type KnownAt, neededSums, source, sumColumns } from "./source.ts";
import type { Sums } from "./sums.ts";

/** Which run of an ask a day of that age belongs to; null: none. */
const slotOf = (ask: SumsAsk | undefined, age: number): number | null => {
  const slot = ask?.cuts.findLastIndex((cut) => cut <= age) ?? -1;
  return slot < 0 || slot + 1 === ask?.cuts.length ? null : slot;
};

type Raw = { readonly [Name in keyof Sums]?: string | null } & {
  readonly ask: number;
  readonly place: number;
  readonly campaign_id: string;
  readonly campaign_name: string | null;
  readonly part_id: string;
  readonly part_name: string | null;
  readonly slots: string;
  readonly unrated: string;
};

const exactly = (text: string | null | undefined): readonly Exact[] | undefined =>
  text?.split(" ").map(BigInt);

/**
 * Adds up what asks of one group need, in one statement: each figure once, to its campaign's run of days, and those to
 * the series of every ask. Sums come in 10^-12, so that they are read as whole numbers; rows in an order that any
 * server gives, since alerts are numbered in it.
 */
export const addUp = async (options: {
  readonly db: Kysely<DB>;
  readonly asks: readonly SumsAsk[];
  readonly metrics: ReadonlySet<FigureMetric>;
  readonly figures: KnownAt;
  readonly accounts: readonly CoveredAccount[];
}): Promise<ReadonlyMap<string, readonly SeriesRow[]>> => {
  const { asks, figures } = options;
  const { scopeOf, places, pairs, accounts } = scopesOf(asks, options.accounts);
  const answers = new Map<string, SeriesRow[]>(asks.map(({ key }) => [key, []]));
  const [first] = asks;
  const [any] = accounts;
  if (first === undefined || any === undefined) return answers;
  const { grain, currency, detailed } = first;
  // Campaigns' days are rows of the mart, so there is nothing to add before they are put side by side.
  const single = detailed && first.daily;
  const cuts = [...new Set(asks.flatMap((ask) => ask.cuts))].sort((a, b) => a - b);
  const youngestAge = cuts[0] ?? 0;
  const oldestAge = (cuts.at(-1) ?? 1) - 1;
  const days = accounts.map(({ youngest }) => youngest);
  const since = addDays(days.reduce(earlierDay), -oldestAge);
  const till = addDays(days.reduce(laterDay), -youngestAge);
  const asked = asks.map(({ rule: { by, patterns } }, index) => ({
    ask: index,
    scope: scopeOf[index],
    slots: cuts.map((age) => slotOf(asks[index], age)),
    campaigns: by.includes("campaign"),
    parts: by.includes("network") || by.includes("action"),
    single: single && by.includes("campaign") && (grain === "campaign" || by.length > 1),
    campaign_like: patterns.campaign,
    part_like: patterns.part,
  }));
  const names = neededSums(options.metrics);
  const each = (make: (name: keyof Sums) => ReturnType<typeof sql>) => sql.join(names.map(make));
  const scaled = (name: keyof Sums) => sql`trunc(coalesce(${sql.ref(name)}, 0) * 1000000000000)`;
  const matches = sql`a.account_key = e.account_key
        and (a.campaign_like is null or e.campaign_id like any(a.campaign_like) or e.campaign_name like any(a.campaign_like))
        and (a.part_like is null or e.part_id = '' or e.part_id like any(a.part_like) or e.part_name like any(a.part_like))`;
  const { rows } = await sql<Raw>`
    with span as materialized (
      select *, youngest - ${oldestAge}::int as since, youngest - ${youngestAge}::int as till
      from unnest(${accounts.map(({ accountKey }) => accountKey)}::int[], ${days}::date[],
                  ${accounts.map((account) => (figures.known === "then" ? figures.at(account) : null))}::timestamptz[])
        as s(account_key, youngest, known_at)
    ),
    ${
      currency === undefined
        ? sql``
        : sql`rate as materialized (
      select c.currency, d.day::date as day, warehouse.rate_on(d.day::date, c.currency, ${currency}) as rate
      from unnest(${[...new Set(accounts.flatMap((account) => account.currency ?? []))]}::text[]) as c(currency)
      cross join generate_series(${since}::date, ${till}::date, interval '1 day') as d(day)
    ),`
    }
    cell as (
      select m.account_key, ${detailed ? sql`m.campaign_id` : sql`''`} as campaign_id,
             ${single ? sql`m.campaign_name` : sql`max(m.campaign_name) as campaign_name`}, m.part_id,
             ${single ? sql`m.part_name` : sql`max(m.part_name) as part_name`},
             width_bucket(span.youngest - m.date, ${cuts}::int[]) - 1 as run,
             ${sumColumns(names, { converted: currency !== undefined, single })}
      from ${source(grain, figures)} m
      join span on span.account_key = m.account_key and m.date between span.since and span.till
      ${currency === undefined ? sql`` : sql`left join rate r on r.currency = m.currency and r.day = m.date`}
      where m.date between ${since}::date and ${till}::date and m.spend is not null
      ${single ? sql`` : sql`group by m.account_key, ${detailed ? sql`m.campaign_id, ` : sql``} m.part_id, run`}
    ),
    entity as materialized (
      select account_key, campaign_id, max(campaign_name) as campaign_name, part_id, max(part_name) as part_name,
             array_agg(run) as runs, array_agg(unrated) as unrated,
             ${each((name) => sql`array_agg(${sql.ref(name)}) as ${sql.ref(name)}`)}
      from cell group by account_key, campaign_id, part_id
    ),
    asked as materialized (
      select a.*, p.account_key, p.place
      from jsonb_to_recordset(${JSON.stringify(asked)}::jsonb) as a(
        ask int, scope int, slots int[], campaigns boolean, parts boolean, single boolean,
        campaign_like text[], part_like text[])
      join unnest(${pairs.map(({ scope }) => scope)}::int[], ${pairs.map(({ account }) => account.accountKey)}::int[],
                  ${pairs.map(({ place }) => place)}::int[]) as p(scope, account_key, place) on p.scope = a.scope
    ),
    added as (
      select a.ask, a.place, case when a.campaigns then e.campaign_id else '' end as campaign_id,
             max(e.campaign_name) filter (where a.campaigns) as campaign_name,
             case when a.parts then e.part_id else '' end as part_id,
             max(e.part_name) filter (where a.parts) as part_name, a.slots[c.run + 1] as slot,
             sum(c.unrated) as unrated, ${each((name) => sql`sum(c.${sql.ref(name)}) as ${sql.ref(name)}`)}
      from entity e
      join asked a on ${matches} and not a.single
      cross join unnest(e.runs, e.unrated, ${each((name) => sql`e.${sql.ref(name)}`)})
        as c(run, unrated, ${each((name) => sql.ref(name))})
      where a.slots[c.run + 1] is not null
      group by 1, 2, 3, 5, 7
    )
    select ask, place, campaign_id, max(campaign_name) as campaign_name, part_id, max(part_name) as part_name,
           string_agg(slot::text, ' ') as slots, string_agg(unrated::text, ' ') as unrated,
           ${each((name) => sql`string_agg(${scaled(name)}::text, ' ') as ${sql.ref(name)}`)}
    from added group by ask, place, campaign_id, part_id
    union all
    select a.ask, a.place, e.campaign_id, e.campaign_name, e.part_id, e.part_name,
           array_to_string(e.runs, ' '), array_to_string(e.unrated, ' '),
           ${each((name) => sql`(select string_agg(trunc(coalesce(x, 0) * 1000000000000)::text, ' ') from unnest(e.${sql.ref(name)}) x)`)}
    from entity e
    join asked a on ${matches} and a.single
    order by 1, 2, 3, 5`.execute(options.db);
  for (const row of rows) {
    const ask = asks[row.ask];
    const place = places[row.place];
    if (ask === undefined || place === undefined) continue;
    answers.get(ask.key)?.push({
      ...place,
      campaignId: row.campaign_id,
      campaignName: row.campaign_name,
      partId: row.part_id,
      partName: row.part_name,
      ages: row.slots.split(" ").map((slot) => ask.cuts[Number(slot)] ?? 0),
      sums: Object.fromEntries(names.map((name) => [name, exactly(row[name])])),
      unrated: exactly(row.unrated) ?? [],
    });
  }
  return answers;
};
