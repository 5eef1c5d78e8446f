import type { Kysely } from "kysely";
import { addDays, type DayRange } from "../../domain/day.ts";
import type { DB } from "../../warehouse/schema.ts";
import type { AlertRule, Grain } from "../rule/rule.ts";
import { type KnownAt, readSegments, type SegmentRow } from "./segments.ts";
import { addSums, noSums, type Sums } from "./sums.ts";
import type { FigureMetric } from "../rule/settings.ts";
import type { CoveredAccount } from "./coverage.ts";

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

/** One campaign's sums over its account's window, by network or action where the grain asks for it. */
export interface ScanRow {
  readonly account: CoveredAccount;
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

export const windowOf = (
  account: CoveredAccount,
  request: Pick<ScanRequest, "windowDays" | "settleDays">,
): DayRange => {
  const to = addDays(account.youngest, -request.settleDays);
  return { from: addDays(to, 1 - request.windowDays), to };
};

export const windowBefore = (window: DayRange, days: number): DayRange => ({
  from: addDays(window.from, -days),
  to: addDays(window.from, -1),
});

/** Names what a request asks for. */
export const requestKey = (request: ScanRequest): string =>
  JSON.stringify([
    request.grain,
    request.windowDays,
    request.settleDays,
    request.withBefore,
    request.currency,
  ]);

/** Where a request's windows begin and end, as ages in days: 0 is the youngest day. The last is excluded. */
const agesOf = ({ windowDays, settleDays, withBefore }: ScanRequest): readonly number[] =>
  [0, 1, ...(withBefore ? [2] : [])].map((count) => settleDays + count * windowDays);

/** Adds the segments of one campaign up to the two windows of a request; undefined where it has none in them. */
const windowed = (
  request: ScanRequest,
  bounds: readonly number[],
  segments: readonly SegmentRow[],
): ScanRow | undefined => {
  const [start = 0, middle = 0, end = middle] = agesOf(request);
  let now = noSums;
  let before = noSums;
  let unrated = 0;
  for (const segment of segments) {
    const age = bounds[segment.index] ?? 0;
    if (age < start || age >= end) continue;
    if (age < middle) now = addSums(now, segment.sums);
    else before = addSums(before, segment.sums);
    unrated += segment.unrated;
  }
  const [first] = segments;
  if (first === undefined || (now === noSums && before === noSums)) return undefined;
  const { account, campaignId, campaignName, partId, partName } = first;
  return { account, campaignId, campaignName, partId, partName, now, before, unrated };
};

/**
 * Reads the sums of several requests of one grain and currency in one pass over the mart: the days are cut where any
 * window begins or ends, every figure is added to its segment once, and the windows are put together from segments.
 */
export const scanAll = async (options: {
  readonly db: Kysely<DB>;
  readonly requests: readonly ScanRequest[];
  readonly metrics: ReadonlySet<FigureMetric>;
  readonly figures: KnownAt;
  readonly accounts: readonly CoveredAccount[];
}): Promise<ReadonlyMap<string, readonly ScanRow[]>> => {
  const { requests } = options;
  const [first] = requests;
  if (first === undefined) return new Map();
  const bounds = [...new Set(requests.flatMap(agesOf))].sort((a, b) => a - b);
  const { grain, currency } = first;
  const rows = await readSegments({ ...options, grain, currency, bounds });
  const campaigns = new Map<string, SegmentRow[]>();
  for (const row of rows) {
    const found = campaigns.get(row.key);
    if (found === undefined) campaigns.set(row.key, [row]);
    else found.push(row);
  }
  return new Map(
    requests.map((request) => [
      requestKey(request),
      [...campaigns.values()].flatMap((segments) => windowed(request, bounds, segments) ?? []),
    ]),
  );
};
