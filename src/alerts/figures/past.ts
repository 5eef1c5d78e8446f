import { type Kysely, type RawBuilder, sql } from "kysely";
import { addDays } from "../../domain/day.ts";
import type { DB } from "../../warehouse/schema.ts";
import type { AlertRule, Grain } from "../rule/rule.ts";
import { isOperation } from "../rule/rule.ts";
import type { CoveredAccount } from "./coverage.ts";
import { like } from "./like.ts";
import { figureColumns, type KnownAt, type RawSums, rates, source, sumsOf } from "./segments.ts";
import { reachOf, seriesId } from "./series.ts";
import { addSums, noSums, subtractSums, type Sums } from "./sums.ts";

/** An account, and how many days back its last window that can be learned from ended. */
export interface PastAccount {
  readonly account: CoveredAccount;
  readonly oldestAge: number;
}

export interface PastWindow {
  readonly sums: Sums;
  readonly unrated: number;
}

interface PastSeries {
  readonly reach: string;
  /** Windows by age, the days that they ended before the judged one; absent where the series had no row. */
  readonly windows: ReadonlyMap<number, PastWindow>;
}

/** What begins or ends to count at an age. */
interface Step {
  sums: Sums;
  unrated: number;
  rows: number;
}

interface Row extends RawSums {
  readonly reach: number;
  readonly campaign_id: string;
  readonly part_id: string;
  readonly first_age: number;
  readonly last_age: number;
}

interface Request {
  readonly db: Kysely<DB>;
  readonly rule: AlertRule;
  /** The mart that is added up: that of the rule, or of its campaigns' whole delivery. */
  readonly grain: Grain;
  readonly currency: string | undefined;
  readonly figures: KnownAt;
  readonly accounts: readonly PastAccount[];
}

const stepAt = (steps: Map<number, Step>, age: number): Step => {
  const found = steps.get(age) ?? { sums: noSums, unrated: 0, rows: 0 };
  steps.set(age, found);
  return found;
};

const windowsOf = (steps: ReadonlyMap<number, Step>): ReadonlyMap<number, PastWindow> => {
  const windows = new Map<number, PastWindow>();
  let [sums, unrated, rows] = [noSums, 0, 0];
  const last = Math.max(...steps.keys());
  for (let age = 1; age < last; age += 1) {
    const step = steps.get(age);
    if (step !== undefined) {
      sums = addSums(sums, step.sums);
      unrated += step.unrated;
      rows += step.rows;
    }
    if (rows > 0) windows.set(age, { sums, unrated });
  }
  return windows;
};

/**
 * The windows of a rule's own series that ended on each earlier day. One statement adds the days up to the series: a
 * day counts in every window from `first_age` to `last_age`, so that windows which overlap read it once.
 */
export const readPast = async (request: Request): Promise<ReadonlyMap<string, PastSeries>> => {
  const { rule, grain, currency, figures } = request;
  const { windowDays, settleDays, by, patterns } = rule;
  const reaches = new Map<string, { place: number; account: CoveredAccount }>();
  const spans = request.accounts.flatMap(({ account, oldestAge }) => {
    if (account.accountKey === null) return [];
    const reach = reachOf(rule, account);
    const known = reaches.get(reach) ?? { place: reaches.size, account };
    reaches.set(reach, known);
    const youngest = addDays(account.youngest, -settleDays);
    return [{ account, key: account.accountKey, youngest, oldestAge, reach: known.place }];
  });
  if (spans.length === 0) return new Map();
  const since = spans.map(({ youngest, oldestAge }) => addDays(youngest, 1 - oldestAge - windowDays));
  const till = spans.map(({ youngest }) => addDays(youngest, -1));
  const metrics = new Set(isOperation(rule.metric) ? [] : [rule.metric]);
  const only = (wanted: boolean, column: RawBuilder<unknown>) => (wanted ? column : sql`''::text`);
  const { rows } = await sql<Row>`
    with span as materialized (
      select * from unnest(
        ${spans.map(({ key }) => key)}::int[], ${since}::date[], ${till}::date[],
        ${spans.map(({ account }) => (figures.known === "then" ? figures.at(account) : null))}::timestamptz[],
        ${spans.map(({ youngest }) => youngest)}::date[], ${spans.map(({ oldestAge }) => oldestAge)}::int[],
        ${spans.map(({ reach }) => reach)}::int[]
      ) as s(account_key, since, till, known_at, youngest, oldest_age, reach)
    ),
    ${currency === undefined ? sql`` : rates(currency)}
    figure as (select * from ${source(grain, figures)} f)
    select span.reach, ${only(by.includes("campaign"), sql`m.campaign_id`)} as campaign_id,
           ${only(by.includes("network") || by.includes("action"), sql`m.part_id`)} as part_id,
           greatest(1, span.youngest - m.date - ${windowDays}::int + 1) as first_age,
           least(span.youngest - m.date, span.oldest_age) as last_age,
           ${figureColumns(currency, metrics)}
    from figure m
    join span on span.account_key = m.account_key and m.date between span.since and span.till
    ${currency === undefined ? sql`` : sql`left join rate r on r.currency = m.currency and r.day = m.date`}
    where m.date between ${[...since].sort()[0]}::date and ${[...till].sort().at(-1)}::date
      and m.spend is not null
      and ${like(patterns.campaign, sql`m.campaign_id`, sql`m.campaign_name`)}
      and (m.part_id = '' or ${like(patterns.part, sql`m.part_id`, sql`m.part_name`)})
    group by 1, 2, 3, 4, 5`.execute(request.db);
  const owners = [...reaches].map(([reach, { account }]) => ({ reach, account }));
  const series = new Map<string, { reach: string; steps: Map<number, Step> }>();
  for (const row of rows) {
    const owner = owners[row.reach];
    if (owner === undefined) continue;
    const id = seriesId(rule, { account: owner.account, campaignId: row.campaign_id, partId: row.part_id });
    const one = series.get(id) ?? { reach: owner.reach, steps: new Map<number, Step>() };
    series.set(id, one);
    const sums = sumsOf(row);
    const begin = stepAt(one.steps, row.first_age);
    begin.sums = addSums(begin.sums, sums);
    begin.unrated += Number(row.unrated);
    begin.rows += 1;
    const end = stepAt(one.steps, row.last_age + 1);
    end.sums = subtractSums(end.sums, sums);
    end.unrated -= Number(row.unrated);
    end.rows -= 1;
  }
  return new Map([...series].map(([id, { reach, steps }]) => [id, { reach, windows: windowsOf(steps) }]));
};
