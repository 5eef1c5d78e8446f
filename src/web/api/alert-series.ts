import { type RawBuilder, sql } from "kysely";
import { addDays, countDays, type Day, dayAt } from "../../domain/day.ts";
import { hasMoney, partsOf } from "../../alerts/figures/judge.ts";
import type { Sums } from "../../alerts/figures/sums.ts";
import { type AlertRule, ruleOf } from "../../alerts/rule/rule.ts";
import type { AlertSettings, FigureMetric } from "../../alerts/rule/settings.ts";
import type { AlertAnswer } from "./health-answers.ts";
import type { Read } from "./read.ts";

const shownDays = 60;

type Asked = Pick<AlertAnswer, "rule" | "labels" | "currency"> & {
  readonly window_from: Day | null;
  readonly window_to: Day | null;
  readonly evaluated_at: Date;
};

type Parts = readonly (keyof Sums)[];

/** The figure of a window's sums `w`; none where its divisor is 0 or below, as the rule has it. */
const figureOf = ([part, whole]: Parts): RawBuilder<unknown> => {
  const amount = sql.ref(`w.${part}`);
  if (whole === undefined) return amount;
  const divisor = sql.ref(`w.${whole}`);
  return sql`case when ${divisor} > 0 then ${amount} / ${divisor} end`;
};

interface Account {
  readonly account_key: number;
  readonly platform: string;
  readonly account_id: string;
  readonly currency: string;
  readonly time_zone: string;
}

const accountsOf = async (read: Read, rule: AlertRule, { labels }: Asked): Promise<readonly Account[]> => {
  const accounts = await read<Account>(sql`
    select account_key, platform, account_id, currency, time_zone from warehouse.account where series_to is null`);
  return accounts
    .filter(({ platform, account_id }) => rule.matches.account({ platform, accountId: account_id }))
    .filter(({ platform }) => (labels["platform"] ?? platform) === platform)
    .filter(({ account_id }) => (labels["account_id"] ?? account_id) === account_id);
};

const like = (patterns: readonly string[] | undefined, columns: readonly string[]): RawBuilder<unknown> =>
  patterns === undefined
    ? sql``
    : sql`and (${sql.join(
        columns.map((column) => sql`${sql.ref(column)} like any(${[...patterns]}::text[])`),
        sql` or `,
      )})`;

/** Rows of a mart `m` that belong to the alert, and the mart that is fine enough for it. */
const sourceOf = (rule: AlertRule, { labels }: Asked): { table: string; rows: RawBuilder<unknown> } => {
  const { campaign_id: campaign, network } = labels;
  const one = campaign === undefined ? sql`` : sql`and m.campaign_id = ${campaign}`;
  const named = like(rule.patterns.campaign, ["m.campaign_id", "m.campaign_name"]);
  if (rule.grain === "network")
    return {
      table: "marts.cost_per_conversion_by_network_daily",
      rows: sql`${one} ${named} ${like(rule.patterns.part, ["m.network"])}
                ${network === undefined ? sql`` : sql`and m.network = ${network}`}`,
    };
  const whole = campaign === undefined && rule.patterns.campaign === undefined;
  return {
    table: whole ? "marts.cost_per_conversion_by_account_daily" : "marts.cost_per_conversion_daily",
    rows: sql`${one} ${named}`,
  };
};

/** In which amounts the alert's figures are summed; undefined where its accounts' money adds up to nothing. */
const amountsOf = async (
  read: Read,
  accounts: readonly Account[],
  currency: string | null,
): Promise<"own" | "reporting" | undefined> => {
  const own = new Set(accounts.map((account) => account.currency));
  if (own.size === 1 && (currency === null || own.has(currency))) return "own";
  const [row] = await read<{ reporting_currency: string | null }>(sql`
    select reporting_currency from marts.cost_per_conversion_by_account_daily
    where account_key = ${accounts[0]?.account_key} order by date desc limit 1`);
  const reporting = row?.reporting_currency ?? null;
  return reporting !== null && (currency === null || currency === reporting) ? "reporting" : undefined;
};

/**
 * How many days each account's window ended before the last of them when the alert was evaluated: accounts in several
 * time zones are not on one day. None where all were evaluated as of one day, so that no window ended earlier.
 */
const latenessOf = (accounts: readonly Account[], { windowDays, settleDays }: AlertRule, alert: Asked) => {
  const { window_from: from, window_to: to, evaluated_at: at } = alert;
  const apart = from === null || to === null ? 0 : Math.max(0, countDays({ from, to }) - windowDays);
  return accounts.map(({ time_zone: zone }) => {
    const end = addDays(dayAt(new Date(at), zone), -1 - settleDays);
    return to === null || end >= to ? 0 : Math.min(apart, countDays({ from: end, to }) - 1);
  });
};

/**
 * What the rule would have compared with its threshold on each of the last days, from the figures as they are known
 * now: the metric over the rule's window that ends on that day, or so many days earlier as the account's own window
 * does. None for rules that are not configured any more, that watch no figures, or that watch actions, whose windows
 * hold spend of another grain.
 */
export const alertSeries = async (
  read: Read,
  settings: readonly AlertSettings[],
  alert: Asked,
): Promise<AlertAnswer["daily"]> => {
  const found = settings.find(({ name }) => name === alert.rule);
  const parts = (partsOf as Readonly<Partial<Record<string, Parts>>>)[found?.metric ?? ""];
  if (found === undefined || parts === undefined || alert.window_to === null) return null;
  const rule = ruleOf(found);
  if (rule.grain === "action") return null;
  const accounts = await accountsOf(read, rule, alert);
  if (accounts.length === 0) return null;
  const amounts = hasMoney(found.metric as FigureMetric)
    ? await amountsOf(read, accounts, alert.currency)
    : "own";
  if (amounts === undefined) return null;
  const { table, rows } = sourceOf(rule, alert);
  const amount = (column: string): RawBuilder<unknown> => {
    const own = sql.ref(`m.${column}`);
    return amounts === "own"
      ? own
      : sql`case when ${own} = 0 then 0 else ${sql.ref(`m.${column}_reporting`)} end`;
  };
  const sources: Readonly<Record<keyof Sums, RawBuilder<unknown>>> = {
    spend: amount("spend"),
    value: amount("conversion_value"),
    clicks: sql`m.clicks`,
    conversions: sql`m.conversions`,
    projected:
      rule.grain === "network" ? sql`m.conversions` : sql`coalesce(m.projected_conversions, m.conversions)`,
  };
  const each = (make: (part: keyof Sums) => RawBuilder<unknown>): RawBuilder<unknown> =>
    sql.join(parts.map(make));
  const late = latenessOf(accounts, rule, alert);
  const to = alert.window_to;
  const from = addDays(to, 1 - shownDays);
  const first = addDays(from, 1 - rule.windowDays);
  const days = await read<{ value: string | null }>(sql`
    select round(case when w.known then ${figureOf(parts)} end, 6) as value
    from (
      select g.day::date as date, ${each((part) => sql`sum(${sql.ref(`d.${part}`)}) over span as ${sql.ref(part)}`)},
             coalesce(bool_and(d.known) over span, false) as known
      from generate_series(${first}::date, ${to}::date, interval '1 day') as g (day)
      left join (
        select m.date + own.late as date, ${each((part) => sql`sum(${sources[part]}) as ${sql.ref(part)}`)},
               ${sql.join(
                 parts.map((part) => sql`count(*) = count(${sources[part]})`),
                 sql` and `,
               )} as known
        from unnest(${accounts.map(({ account_key }) => account_key)}::int[], ${late}::int[]) as own (account_key, late)
        join ${sql.table(table)} m on m.account_key = own.account_key
        where m.account_key = any(${accounts.map(({ account_key }) => account_key)}::int[])
          and m.date between ${addDays(first, -Math.max(...late))}::date and ${to}::date
          and m.date + own.late between ${first}::date and ${to}::date ${rows}
        group by 1
      ) d on d.date = g.day::date
      window span as (order by g.day rows between ${sql.lit(rule.windowDays - 1)} preceding and current row)
    ) w
    where w.date >= ${from}::date order by w.date`);
  return { from, window_days: rule.windowDays, values: days.map((day) => day.value) };
};
