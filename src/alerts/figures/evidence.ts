import { type Kysely, sql } from "kysely";
import { addDays, countDays, type Day, type DayRange, eachDay } from "../../domain/day.ts";
import type { DB } from "../../warehouse/schema.ts";
import { exact, type Exact, multiply } from "../../domain/decimal.ts";
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

interface Row extends Readonly<Record<keyof Sums, string>> {
  readonly date: Day;
  readonly account_key: number;
  readonly campaign_id: string;
  readonly name: string;
  readonly is_final: boolean;
}

/** The accounts of a series; none where they spend in several currencies, whose amounts add up to nothing. */
const accountKeys = async ({ db, rule, observation }: Request): Promise<readonly number[]> => {
  const { rows } = await sql<{ key: number; platform: string; accountId: string; currency: string }>`
    select account_key as key, platform, account_id as "accountId", currency
    from warehouse.account where series_to is null`.execute(db);
  const { platform, account_id: accountId } = observation.labels;
  const accounts = rows
    .filter((account) => rule.matches.account(account))
    .filter((account) => platform === undefined || platform === account.platform)
    .filter((account) => accountId === undefined || accountId === account.accountId);
  return new Set(accounts.map(({ currency }) => currency)).size > 1 ? [] : accounts.map(({ key }) => key);
};

/** Where the delivery of an alert's series stands, at the grain that has spend. */
const readRows = async (request: Request, keys: readonly number[]): Promise<readonly Row[]> => {
  const { rule, observation, window } = request;
  const { campaign_id: campaignId, network } = observation.labels;
  const byNetwork = rule.grain === "network";
  const from = addDays(window.from, -Math.max(rule.windowDays, chartDays - rule.windowDays));
  const { rows } = await sql<Row>`
    select m.date, m.account_key, m.campaign_id, coalesce(max(m.campaign_name), m.campaign_id) as name,
           sum(m.spend)::text as spend, sum(m.clicks)::text as clicks, sum(m.conversions)::text as conversions,
           sum(m.conversion_value)::text as value, sum(${byNetwork ? sql`m.conversions` : sql`coalesce(m.projected_conversions, m.conversions)`})::text as projected,
           bool_and(m.is_final) as is_final
    from ${byNetwork ? sql`marts.cost_per_conversion_by_network_daily` : sql`marts.cost_per_conversion_daily`} m
    where m.account_key = any(${[...keys]}::int[]) and m.date between ${from}::date and ${window.to}::date
      and (${campaignId ?? null}::text is null or m.campaign_id = ${campaignId ?? null})
      and ${like(rule.patterns.campaign, sql`m.campaign_id`, sql`m.campaign_name`)}
      and ${byNetwork ? like(rule.patterns.part, sql`m.network`) : sql`true`}
      and ${byNetwork ? sql`(${network ?? null}::text is null or m.network = ${network ?? null})` : sql`true`}
    group by m.date, m.account_key, m.campaign_id`.execute(request.db);
  return rows;
};

const sumOf = (rows: readonly Row[]): Sums =>
  rows.map((row) => sumsBy((name) => exact(row[name]))).reduce(addSums, noSums);

const within = (rows: readonly Row[], { from, to }: DayRange): Row[] =>
  rows.filter(({ date }) => date >= from && date <= to);

/** Reads what lies behind an alert, as the accounts spend; undefined where amounts cannot be added up. */
export const evidenceOf = async (request: Request): Promise<Evidence | undefined> => {
  const { rule, observation, window } = request;
  const keys = await accountKeys(request);
  if (keys.length === 0 || rule.grain === "action") return undefined;
  const rows = await readRows(request, keys);
  const inside = within(rows, window);
  const groups = new Map<string, Row[]>();
  for (const row of inside) {
    const key = `${String(row.account_key)}/${row.campaign_id}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const limit = observation.threshold === null ? 0n : exact(observation.threshold);
  const beyond = ({ spend, conversions }: Sums): Exact =>
    rule.metric.endsWith("cost_per_conversion") ? spend - multiply(limit, conversions) : spend;
  const campaigns = [...groups.values()]
    .map((group) => ({ name: group[0]?.name ?? "", sums: sumOf(group) }))
    .filter(({ sums }) => beyond(sums) > 0n)
    .sort((a, b) => (beyond(a.sums) < beyond(b.sums) ? 1 : -1))
    .slice(0, 3)
    .map(({ name, sums }) => ({ name: name === "" ? "(unnamed)" : name, ...sums }));
  const before = { from: addDays(window.from, -countDays(window)), to: addDays(window.from, -1) };
  const chart = { from: addDays(window.to, 1 - chartDays), to: window.to };
  const open = new Set(inside.filter((row) => !row.is_final).map(({ date }) => date));
  return {
    now: sumOf(inside),
    before: sumOf(within(rows, before)),
    openDays: open.size,
    days: countDays(window),
    campaigns,
    daily: eachDay(chart).map((date) => figureOf(rule.metric, sumOf(within(rows, { from: date, to: date })))),
  };
};
