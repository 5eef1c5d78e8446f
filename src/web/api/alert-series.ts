import { type RawBuilder, sql } from "kysely";
import { addDays } from "../../domain/day.ts";
import { type AlertRule, ruleOf } from "../../alerts/rule/rule.ts";
import type { AlertSettings } from "../../alerts/rule/settings.ts";
import type { AlertAnswer } from "./health-answers.ts";
import type { Read } from "./read.ts";

const shownDays = 60;

type Asked = Pick<AlertAnswer, "rule" | "labels" | "currency"> & { readonly window_to: string | null };

/** The figure of a window's sums `w`; operational metrics have none. */
const figures: Readonly<Record<string, RawBuilder<unknown>>> = {
  cost_per_conversion: sql`w.spend / nullif(w.conversions, 0)`,
  projected_cost_per_conversion: sql`w.spend / nullif(w.projected, 0)`,
  spend: sql`w.spend`,
  conversions: sql`w.conversions`,
  cost_per_click: sql`w.spend / nullif(w.clicks, 0)`,
  conversion_rate: sql`w.conversions / nullif(w.clicks, 0)`,
  return_on_ad_spend: sql`w.value / nullif(w.spend, 0)`,
};

interface Account {
  readonly account_key: number;
  readonly platform: string;
  readonly account_id: string;
  readonly currency: string;
}

const accountsOf = async (read: Read, rule: AlertRule, { labels }: Asked): Promise<readonly Account[]> => {
  const accounts = await read<Account>(sql`
    select account_key, platform, account_id, currency from warehouse.account where series_to is null`);
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
 * What the rule would have compared with its threshold on each of the last days, from the figures as they are known
 * now: the metric over the rule's window that ends on that day. None for rules that are not configured any more, that
 * watch no figures, or that watch actions, whose windows hold spend of another grain.
 */
export const alertSeries = async (
  read: Read,
  settings: readonly AlertSettings[],
  alert: Asked,
): Promise<AlertAnswer["daily"]> => {
  const found = settings.find(({ name }) => name === alert.rule);
  const figure = figures[found?.metric ?? ""];
  if (found === undefined || figure === undefined || alert.window_to === null) return null;
  const rule = ruleOf(found);
  if (rule.grain === "action") return null;
  const accounts = await accountsOf(read, rule, alert);
  if (accounts.length === 0) return null;
  const amounts = await amountsOf(read, accounts, alert.currency);
  if (amounts === undefined) return null;
  const { table, rows } = sourceOf(rule, alert);
  const [spend, value] =
    amounts === "own"
      ? [sql`m.spend`, sql`m.conversion_value`]
      : [sql`m.spend_reporting`, sql`m.conversion_value_reporting`];
  const projected =
    rule.grain === "network" ? sql`m.conversions` : sql`coalesce(m.projected_conversions, m.conversions)`;
  const to = alert.window_to;
  const from = addDays(to, 1 - shownDays);
  const first = addDays(from, 1 - rule.windowDays);
  const days = await read<{ value: string | null }>(sql`
    select round(case when w.known then ${figure} end, 6) as value
    from (
      select g.day::date as date, sum(d.spend) over span as spend, sum(d.clicks) over span as clicks,
             sum(d.conversions) over span as conversions, sum(d.value) over span as value,
             sum(d.projected) over span as projected, coalesce(bool_and(d.known) over span, false) as known
      from generate_series(${first}::date, ${to}::date, interval '1 day') as g (day)
      left join (
        select m.date, sum(${spend}) as spend, sum(m.clicks) as clicks, sum(m.conversions) as conversions,
               sum(${value}) as value, sum(${projected}) as projected, count(*) = count(${spend}) as known
        from ${sql.table(table)} m
        where m.account_key = any(${accounts.map(({ account_key }) => account_key)}::int[])
          and m.date between ${first}::date and ${to}::date ${rows}
        group by 1
      ) d on d.date = g.day::date
      window span as (order by g.day rows between ${sql.lit(rule.windowDays - 1)} preceding and current row)
    ) w
    where w.date >= ${from}::date order by w.date`);
  return { from, window_days: rule.windowDays, values: days.map((day) => day.value) };
};
