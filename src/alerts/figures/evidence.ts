import { type Kysely, type RawBuilder, sql } from "kysely";
import { addDays, countDays, type Day, type DayRange, eachDay, earlierDay } from "../../domain/day.ts";
import type { DB } from "../../warehouse/schema.ts";
import { exact, type Exact } from "../../domain/decimal.ts";
import { figureOf } from "./judge.ts";
import { like } from "./like.ts";
import type { Observation } from "./observation.ts";
import type { AlertRule } from "../rule/rule.ts";
import { addSums, noSums, type Sums, sumsBy } from "./sums.ts";

/** What lies behind an alert's figures. */
export interface Evidence {
  readonly now: Sums;
  readonly before: Sums;
  /** Days of the window whose figures still move. */
  readonly openDays: number;
  readonly days: number;
  /** The campaigns that cost most beyond what the threshold allows, worst first. */
  readonly campaigns: readonly {
    readonly name: string;
    readonly spend: Exact;
    readonly conversions: Exact;
  }[];
  /** The metric of each day, oldest first. */
  readonly daily: readonly (Exact | null)[];
}

interface Request {
  readonly db: Kysely<DB>;
  readonly rule: AlertRule;
  readonly observation: Observation;
  readonly window: DayRange;
}

/** Days that the small chart shows. */
const chartDays = 21;

/** Sums come as decimal text. */
type Told = Readonly<Record<keyof Sums, string>>;

const sumsOf = (row: Told): Sums => sumsBy((name) => exact(row[name]));

interface SeriesAccounts {
  readonly keys: readonly number[];
  /** How many days each one's window ends before the last of them: accounts in several time zones are not on one day. */
  readonly late: readonly number[];
  /** Those that they spend in. */
  readonly currencies: readonly string[];
}

/** The accounts of a series. */
const accountsOf = async ({ db, rule, observation, window }: Request): Promise<SeriesAccounts> => {
  const { rows } = await sql<{ key: number; platform: string; accountId: string; currency: string }>`
    select account_key as key, platform, account_id as "accountId", currency
    from warehouse.account where series_to is null`.execute(db);
  const { platform, account_id: accountId } = observation.labels;
  const accounts = rows
    .filter((account) => rule.matches.account(account))
    .filter((account) => platform === undefined || platform === account.platform)
    .filter((account) => accountId === undefined || accountId === account.accountId);
  return {
    keys: accounts.map(({ key }) => key),
    late: accounts.map(({ key }) => {
      const end = observation.ends?.get(key) ?? window.to;
      return countDays({ from: end, to: window.to }) - 1;
    }),
    currencies: [...new Set(accounts.map(({ currency }) => currency))],
  };
};

/**
 * The rows of an alert's series, at the grain that has spend, in its currency; amounts without a rate are NULL. The days
 * of an account whose window ends earlier are moved, so that every window ends on the same one.
 */
const rowsOf = (
  { rule, observation }: Request,
  { keys, late, currencies }: SeriesAccounts,
  { from, to }: DayRange,
): RawBuilder<unknown> => {
  const since = addDays(from, -Math.max(...late));
  const { campaign_id: campaignId, network } = observation.labels;
  const { currency } = observation;
  const converts = currency !== null && currencies.some((own) => own !== currency);
  const amount = (column: string) => {
    const own = sql.ref(`m.${column}`);
    return converts ? sql`case when ${own} = 0 then 0 else ${own} * r.rate end` : own;
  };
  const rates = converts
    ? sql`left join (
        select c.currency, d.day::date as day, warehouse.rate_on(d.day::date, c.currency, ${currency}) as rate
        from unnest(${[...currencies]}::text[]) as c(currency)
        cross join generate_series(${since}::date, ${to}::date, interval '1 day') as d(day)
        offset 0
      ) r on r.currency = m.currency and r.day = m.date`
    : sql``;
  const joined = sql`
    join unnest(${[...keys]}::int[], ${[...late]}::int[]) as own(account_key, late) on own.account_key = m.account_key
    ${rates}`;
  const shared = sql`
    m.date + own.late as date, m.account_key, m.campaign_id, m.campaign_name, ${amount("spend")} as spend, m.clicks, m.conversions,
    ${amount("conversion_value")} as value, m.is_final`;
  const ofSeries = sql`
    m.account_key = any(${[...keys]}::int[]) and m.date between ${since}::date and ${to}::date
    and m.date + own.late between ${from}::date and ${to}::date
    and (${campaignId ?? null}::text is null or m.campaign_id = ${campaignId ?? null})
    and ${like(rule.patterns.campaign, sql`m.campaign_id`, sql`m.campaign_name`)}`;
  return rule.grain === "network"
    ? sql`
        select ${shared}, m.conversions as projected from marts.cost_per_conversion_by_network_daily m ${joined}
        where ${ofSeries} and ${like(rule.patterns.part, sql`m.network`)}
          and (${network ?? null}::text is null or m.network = ${network ?? null})`
    : sql`
        select ${shared}, coalesce(m.projected_conversions, m.conversions) as projected
        from marts.cost_per_conversion_daily m ${joined} where ${ofSeries}`;
};

type DaySums = Told & {
  readonly date: Day;
  readonly is_final: boolean;
  /** Whether all of its amounts have a rate. */
  readonly is_known: boolean;
};

const readDays = async ({ db }: Request, rows: RawBuilder<unknown>): Promise<readonly DaySums[]> =>
  (
    await sql<DaySums>`
      select r.date, sum(r.spend)::text as spend, sum(r.clicks)::text as clicks,
             sum(r.conversions)::text as conversions, sum(r.value)::text as value,
             sum(r.projected)::text as projected, bool_and(r.is_final) as is_final,
             count(*) = count(r.spend) and count(*) = count(r.value) as is_known
      from (${rows}) r group by r.date`.execute(db)
  ).rows;

/** What a campaign costs beyond what the threshold allows for its conversions. */
const readCampaigns = async (
  { db, rule, observation }: Request,
  rows: RawBuilder<unknown>,
  { from, to }: DayRange,
): Promise<Evidence["campaigns"]> => {
  const allowed = rule.metric.endsWith("cost_per_conversion") ? (observation.threshold ?? "0") : "0";
  const found = await sql<{ name: string; spend: string; conversions: string }>`
    select c.name, c.spend::text as spend, c.conversions::text as conversions
    from (
      select coalesce(nullif(coalesce(max(r.campaign_name), r.campaign_id), ''), '(unnamed)') as name,
             sum(r.spend) as spend, sum(r.conversions) as conversions,
             sum(r.spend) - ${allowed}::numeric * sum(r.conversions) as beyond
      from (${rows}) r where r.date between ${from}::date and ${to}::date
      group by r.account_key, r.campaign_id
      having count(*) = count(r.spend)
    ) c
    where c.beyond > 0 order by c.beyond desc limit 3`.execute(db);
  return found.rows.map(({ name, spend, conversions }) => ({
    name,
    spend: exact(spend),
    conversions: exact(conversions),
  }));
};

/** Reads what lies behind an alert, in its currency; undefined where amounts cannot be added up. */
export const evidenceOf = async (request: Request): Promise<Evidence | undefined> => {
  const { rule } = request;
  const { to } = request.window;
  const window = { from: addDays(to, 1 - rule.windowDays), to };
  if (rule.grain === "action") return undefined;
  const accounts = await accountsOf(request);
  const { keys, currencies } = accounts;
  if (keys.length === 0 || (currencies.length > 1 && request.observation.currency === null)) return undefined;
  const before = { from: addDays(window.from, -countDays(window)), to: addDays(window.from, -1) };
  const chart = { from: addDays(to, 1 - chartDays), to };
  const rows = rowsOf(request, accounts, { from: earlierDay(before.from, chart.from), to });
  const days = await readDays(request, rows);
  const byDate = new Map(days.filter((day) => day.is_known).map((day) => [day.date, sumsOf(day)]));
  const unknown = new Set(days.filter((day) => !day.is_known).map(({ date }) => date));
  // Of a range with an amount that is not known there is nothing to say.
  const sumOf = (range: DayRange): Sums =>
    eachDay(range).some((date) => unknown.has(date))
      ? noSums
      : eachDay(range)
          .flatMap((date) => byDate.get(date) ?? [])
          .reduce(addSums, noSums);
  return {
    now: sumOf(window),
    before: sumOf(before),
    openDays: days.filter(({ date, is_final }) => date >= window.from && !is_final).length,
    days: countDays(window),
    campaigns: await readCampaigns(request, rows, window),
    daily: eachDay(chart).map((date) => figureOf(rule.metric, byDate.get(date) ?? noSums)),
  };
};
