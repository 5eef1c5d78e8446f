import type { Decimal } from "../../domain/decimal.ts";
import { namesAccount } from "../../connectors/account-ids.ts";
import { isPlatform } from "../../connectors/registry.ts";
import { durationMs, wholeDays } from "./duration.ts";
import { type AlertSettings, operationMetrics, type OperationMetric, type SeriesKey } from "./settings.ts";

/** `stale`: of freshness alone, where the rule names no hours: a night that was due did not bring its day. */
export type ConditionKind = "above" | "below" | "changeAbove" | "changeBelow" | "anomaly" | "stale";

/** A rule as the evaluation reads it: lengths in days, one condition, every filter a test. */
export interface AlertRule extends Pick<
  AlertSettings,
  "name" | "metric" | "currency" | "minSpend" | "minConversions" | "severity" | "notify"
> {
  readonly by: readonly SeriesKey[];
  readonly windowDays: number;
  readonly settleDays: number;
  /** `limit`: the threshold, the percentage of a change rule, or the sensitivity of an anomaly rule. */
  readonly condition: { readonly kind: ConditionKind; readonly limit: Decimal };
  readonly forDays: number;
  readonly repeatMs: number | undefined;
  /** The mart whose grain the rule needs. */
  readonly grain: Grain;
  readonly matches: {
    account(account: { platform: string; accountId: string }): boolean;
    campaign(campaign: { id: string; name: string | null }): boolean;
    /** Of a network, or of a conversion action's id or name. */
    part(part: { id: string; name: string | null }): boolean;
  };
  /** Of a rule about sources of first-party data: which of them; absent: it is about accounts. */
  readonly source: ((name: string) => boolean) | undefined;
  /** The same for rules with the same filters. */
  readonly filterKey: string;
  /** The filters on campaigns and parts as patterns of SQL's `like`; absent: everything. */
  readonly patterns: {
    readonly campaign: readonly string[] | undefined;
    readonly part: readonly string[] | undefined;
  };
}

/** How far back the usual is learned from. */
export const anomalyReachDays = 8 * 7;

export type Grain = "campaign" | "network" | "action";

type Filter = string | readonly string[] | undefined;

const listOf = (filter: Filter): readonly string[] =>
  filter === undefined ? [] : typeof filter === "string" ? [filter] : filter;

/** `*` stands for any run of characters; everything else for itself. */
const globTest = (filter: Filter): ((text: string) => boolean) => {
  const globs = listOf(filter);
  const plain = new Set(globs.filter((glob) => !glob.includes("*")));
  const patterns = globs
    .filter((glob) => glob.includes("*"))
    .map((glob) => glob.split(/\*+/).map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&")))
    .map((parts) => new RegExp(`^${parts.join(".*")}$`, "su"));
  return (text) => plain.has(text) || patterns.some((pattern) => pattern.test(text));
};

const likePatterns = (filter: Filter): readonly string[] | undefined =>
  filter === undefined
    ? undefined
    : listOf(filter).map((glob) => glob.replace(/[\\%_]/g, "\\$&").replace(/\*+/g, "%"));

const entityTest = (filter: Filter): ((entity: { id: string; name: string | null }) => boolean) => {
  if (filter === undefined) return () => true;
  const test = globTest(filter);
  return ({ id, name }) => test(id) || (name !== null && test(name));
};

const accountTest = (where: AlertSettings["where"]): AlertRule["matches"]["account"] => {
  const platforms = listOf(where.platform);
  const accounts = listOf(where.account);
  return ({ platform, accountId }) =>
    (platforms.length === 0 || platforms.includes(platform)) &&
    (accounts.length === 0 ||
      accounts.some((written) => isPlatform(platform) && namesAccount(platform, written, accountId)));
};

const conditionOf = (settings: AlertSettings): AlertRule["condition"] => {
  if (settings.anomaly !== undefined) return { kind: "anomaly", limit: settings.anomaly.sensitivity };
  for (const kind of ["above", "below", "changeAbove", "changeBelow"] as const) {
    const limit = settings[kind];
    if (limit !== undefined) return { kind, limit: limit.replace(/\s*%$/, "") };
  }
  if (settings.metric === "freshness") return { kind: "stale", limit: "0" };
  throw new RangeError(`alert ${settings.name} has no condition`);
};

export const isOperation = (metric: AlertSettings["metric"]): metric is OperationMetric =>
  (operationMetrics as readonly string[]).includes(metric);

/** The rule that validated settings describe. */
export const ruleOf = (settings: AlertSettings): AlertRule => {
  const { where } = settings;
  const by = settings.by === undefined ? [] : typeof settings.by === "string" ? [settings.by] : settings.by;
  const touches = (key: "network" | "action"): boolean => by.includes(key) || where[key] !== undefined;
  const grain: Grain = touches("network") ? "network" : touches("action") ? "action" : "campaign";
  return {
    name: settings.name,
    metric: settings.metric,
    currency: settings.currency,
    minSpend: settings.minSpend,
    minConversions: settings.minConversions,
    severity: settings.severity,
    notify: [...new Set(settings.notify)],
    by,
    windowDays: wholeDays(settings.window) ?? 7,
    settleDays: wholeDays(settings.settle) ?? 0,
    condition: conditionOf(settings),
    forDays: wholeDays(settings.for) ?? 0,
    repeatMs: settings.repeat === undefined ? undefined : durationMs(settings.repeat),
    grain,
    matches: {
      account: accountTest(where),
      campaign: entityTest(where.campaign),
      part: entityTest(grain === "network" ? where.network : where.action),
    },
    source: where.source === undefined ? undefined : globTest(where.source),
    filterKey: JSON.stringify(where),
    patterns: {
      campaign: likePatterns(where.campaign),
      part: likePatterns(grain === "network" ? where.network : where.action),
    },
  };
};
