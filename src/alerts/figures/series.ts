import type { Exact } from "../../domain/decimal.ts";
import type { AlertRule } from "../rule/rule.ts";
import type { SeriesRow } from "./series-row.ts";
import type { CoveredAccount } from "./coverage.ts";
import { addSums, noSums, type Sums, sumsBy } from "./sums.ts";
import { looksBefore } from "./windows.ts";

export type Labels = Readonly<Record<string, string>>;

/** One series of a rule: everything that it sums up, added before anything is divided. */
export interface Series {
  /** Identity among the rule's series: its ids, without names. */
  readonly id: string;
  readonly labels: Labels;
  /** Whose data it depends on; see `reachOf`. */
  readonly reach: string;
  readonly now: Sums;
  readonly before: Sums;
  readonly unrated: number;
}

/** Part of a series that an account decides: the account itself, its platform, or nothing where all are one. */
const level = (rule: AlertRule): "account" | "platform" | "all" => {
  if (rule.by.some((key) => key === "account" || key === "campaign" || key === "action")) return "account";
  return rule.by.some((key) => key === "platform" || key === "network") ? "platform" : "all";
};

/** The accounts that a series' figures come from, as a key: one without data leaves all of that reach unjudged. */
export const reachOf = (rule: AlertRule, account: { platform: string; accountId: string }): string => {
  const at = level(rule);
  if (at === "all") return idText();
  return at === "platform" ? idText(account.platform) : idText(account.platform, account.accountId);
};

/** Ids as one text; read back where a series' owner is asked for. */
const idText = (...parts: readonly string[]): string => JSON.stringify(parts);

/** The labels of a reach itself, for a series that stands for the whole of it. */
export const reachLabels = (rule: AlertRule, account: { platform: string; accountId: string }): Labels => {
  const at = level(rule);
  if (at === "all") return {};
  return { platform: account.platform, ...(at === "account" ? { account_id: account.accountId } : {}) };
};

/** Whether a reach is a series of its own, so that it exists even without a row of figures. */
export const reachIsSeries = (rule: AlertRule): boolean =>
  !rule.by.some((key) => key === "campaign" || key === "network" || key === "action");

/** The reach that a remembered series had, from its labels. */
export const reachOfLabels = (rule: AlertRule, labels: Labels): string =>
  reachOf(rule, { platform: labels["platform"] ?? "", accountId: labels["account_id"] ?? "" });

const labelsOf = (rule: AlertRule, row: SeriesRow): Labels => ({
  ...reachLabels(rule, row.account),
  ...(rule.by.includes("campaign")
    ? {
        campaign_id: row.campaignId,
        ...(row.campaignName === null ? {} : { campaign_name: row.campaignName }),
      }
    : {}),
  ...(rule.by.includes("network") ? { network: row.partId } : {}),
  ...(rule.by.includes("action")
    ? {
        conversion_action_id: row.partId,
        ...(row.partName === null ? {} : { conversion_action_name: row.partName }),
      }
    : {}),
});

/** The series of a rule that a row belongs to. */
export const seriesId = (
  rule: AlertRule,
  row: Pick<SeriesRow, "account" | "campaignId" | "partId">,
): string => {
  if (reachIsSeries(rule)) return reachOf(rule, row.account);
  const at = level(rule);
  const parts: string[] = [];
  if (at !== "all") parts.push(row.account.platform);
  if (at === "account") parts.push(row.account.accountId);
  if (rule.by.includes("campaign")) parts.push(row.campaignId);
  if (rule.by.includes("network") || rule.by.includes("action")) parts.push(row.partId);
  return idText(...parts);
};

/** The runs of ages from `from` up to, not including, `to` as one; undefined where the series has none there. */
const within = (
  { ages, sums, unrated }: SeriesRow,
  from: number,
  to: number,
): { readonly sums: Sums; readonly unrated: number } | undefined => {
  const inside = ages.flatMap((age, index) => (age >= from && age < to ? [index] : []));
  if (inside.length === 0) return undefined;
  const total = (values: readonly Exact[] | undefined): Exact =>
    values === undefined ? 0n : inside.reduce((sum, index) => sum + (values[index] ?? 0n), 0n);
  return {
    sums: sumsBy((name) => total(sums[name])),
    unrated: Number(total(unrated)),
  };
};

const gather = (rule: AlertRule, rows: readonly SeriesRow[]): Map<string, Series> => {
  const series = new Map<string, Series>();
  const middle = rule.settleDays + rule.windowDays;
  for (const row of rows) {
    const now = within(row, rule.settleDays, middle);
    const before = looksBefore(rule) ? within(row, middle, middle + rule.windowDays) : undefined;
    if (now === undefined && before === undefined) continue;
    const id = seriesId(rule, row);
    const earlier = series.get(id);
    series.set(id, {
      id,
      labels: earlier?.labels ?? labelsOf(rule, row),
      reach: reachOf(rule, row.account),
      now: addSums(earlier?.now ?? noSums, now?.sums ?? noSums),
      before: addSums(earlier?.before ?? noSums, before?.sums ?? noSums),
      unrated: (earlier?.unrated ?? 0) + (now?.unrated ?? 0) + (before?.unrated ?? 0),
    });
  }
  return series;
};

/**
 * A rule's series. For rules about conversion actions, `whole` holds their campaigns' whole delivery: spend is never
 * split among actions, so each is held against all that its campaigns spent.
 */
export const seriesOf = (options: {
  readonly rule: AlertRule;
  readonly rows: readonly SeriesRow[];
  readonly whole: readonly SeriesRow[] | undefined;
  readonly accounts: readonly CoveredAccount[];
}): ReadonlyMap<string, Series> => {
  const { rule, whole } = options;
  const series = gather(rule, options.rows);
  if (reachIsSeries(rule))
    for (const account of options.accounts) {
      const id = reachOf(rule, account);
      if (!series.has(id))
        series.set(id, {
          id,
          labels: reachLabels(rule, account),
          reach: id,
          now: noSums,
          before: noSums,
          unrated: 0,
        });
    }
  return whole === undefined ? series : withDelivery(rule, series, whole);
};

/** A rule about actions as one about the whole delivery that they belong to. */
export const deliveryRule = (rule: AlertRule): AlertRule => ({
  ...rule,
  by: rule.by.map((key) => (key === "action" ? "account" : key)),
});

/** The series of the delivery rule that a series of actions is held against. */
export const deliveryId = (rule: AlertRule, id: string): string =>
  rule.by.includes("action") ? JSON.stringify((JSON.parse(id) as string[]).slice(0, -1)) : id;

/** What actions' whole delivery lends them: spend is never split. */
export const paidNames = ["spend", "clicks"] as const;

/** Conversions of actions beside what their whole delivery cost. */
const paidBy = (sums: Sums, paid: Sums): Sums => ({ ...sums, spend: paid.spend, clicks: paid.clicks });

const withDelivery = (
  rule: AlertRule,
  series: ReadonlyMap<string, Series>,
  whole: readonly SeriesRow[],
): ReadonlyMap<string, Series> => {
  const delivery = gather(deliveryRule(rule), whole);
  return new Map(
    [...series].map(([id, one]) => {
      const spent = delivery.get(deliveryId(rule, id));
      if (spent === undefined) return [id, one];
      return [
        id,
        {
          ...one,
          now: paidBy(one.now, spent.now),
          before: paidBy(one.before, spent.before),
          unrated: one.unrated + spent.unrated,
        },
      ];
    }),
  );
};
