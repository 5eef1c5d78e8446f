import { addDays, type Day } from "../../src/domain/day.ts";
import { chance } from "../pattern.ts";
import { addFigures, type Figures, type Slot, type WebFigures, type WebType, webTypes } from "./figures.ts";
import { daysIn, type Span, spanIn } from "./times.ts";
import { invalid, listOf, type Params, required, utcText, XRefusal } from "./wire.ts";
import type { SandboxAccount } from "./world.ts";

const entities = [
  "ACCOUNT",
  "FUNDING_INSTRUMENT",
  "CAMPAIGN",
  "LINE_ITEM",
  "PROMOTED_ACCOUNT",
  "PROMOTED_TWEET",
] as const;
export type EntityKind = (typeof entities)[number];

const groups = [
  "ENGAGEMENT",
  "BILLING",
  "VIDEO",
  "WEB_CONVERSION",
  "MOBILE_CONVERSION",
  "LIFE_TIME_VALUE_MOBILE_CONVERSION",
] as const;
export type MetricGroup = (typeof groups)[number];

/** Documented ones, and one that is gone from the documentation and still answered. */
const placements = ["ALL_ON_TWITTER", "SPOTLIGHT", "TREND", "PUBLISHER_NETWORK"];

export interface StatsRequest {
  readonly kind: EntityKind;
  readonly ids: readonly string[];
  readonly span: Span;
  readonly from: Day;
  readonly days: number;
  readonly placement: string;
  readonly groups: readonly MetricGroup[];
}

const oneOf = <T extends string>(name: string, value: string, known: readonly T[]): T => {
  const found = known.find((one) => one === value);
  if (found === undefined) throw invalid(name, `${name} ${value} is not known`);
  return found;
};

const allowedGroups: Readonly<Partial<Record<EntityKind, readonly MetricGroup[]>>> = {
  ACCOUNT: ["ENGAGEMENT"],
  FUNDING_INSTRUMENT: ["ENGAGEMENT", "BILLING"],
};

/** The slots whose figures an entity adds up. */
export const entityIdOf = (
  kind: EntityKind,
  { account, campaign, lineItem, tweet }: Slot,
): string | undefined => {
  switch (kind) {
    case "ACCOUNT":
      return account.id;
    case "FUNDING_INSTRUMENT":
      return campaign.fundingId;
    case "CAMPAIGN":
      return campaign.id;
    case "LINE_ITEM":
      return lineItem.id;
    case "PROMOTED_ACCOUNT":
      return tweet === undefined ? `pa${lineItem.id}` : undefined;
    case "PROMOTED_TWEET":
      return tweet?.id;
  }
};

export const entityKindIn = (params: Params): EntityKind =>
  oneOf("entity", required(params, "entity"), entities);

/** Refuses what X would. @throws XRefusal */
export const readStatsRequest = (
  params: Params,
  account: SandboxAccount,
  slots: readonly Slot[],
  longestDays: number,
): StatsRequest => {
  const kind = entityKindIn(params);
  required(params, "entity_ids");
  const ids = listOf(params, "entity_ids", 20) ?? [];
  const granularity = oneOf("granularity", required(params, "granularity"), ["DAY", "HOUR", "TOTAL"]);
  if (granularity !== "DAY") throw invalid("granularity", "only DAY is served here");
  const span = spanIn(params, account.timeZone, longestDays);
  const { from, count } = daysIn(span, account.timeZone);
  const placement = oneOf("placement", required(params, "placement"), placements);
  const asked = required(params, "metric_groups")
    .split(",")
    .map((group) => oneOf("metric_groups", group, groups));
  if (asked.includes("MOBILE_CONVERSION") && asked.length > 1)
    throw invalid("metric_groups", "MOBILE_CONVERSION must be asked alone", "EXCLUSIVE_PARAMETERS");
  const allowed = allowedGroups[kind];
  const foreign = asked.find((group) => allowed && !allowed.includes(group));
  if (foreign) throw invalid("metric_groups", `${foreign} is not available for ${kind}`);
  const known = new Set([
    ...slots.map((slot) => entityIdOf(kind, slot)),
    ...(kind === "FUNDING_INSTRUMENT" ? account.fundings.map(({ id }) => id) : []),
  ]);
  const unknown = ids.find((id) => !known.has(id));
  if (unknown !== undefined)
    throw new XRefusal(404, `${kind}_NOT_FOUND`, `${kind} ${unknown} was not found`, "entity_ids");
  return { kind, ids, span, from, days: count, placement, groups: asked };
};

type Series = readonly (number | null)[] | null;

const delivery = {
  ENGAGEMENT: {
    impressions: ({ impressions }: Figures) => impressions,
    engagements: ({ engagements }: Figures) => engagements,
    clicks: ({ clicks }: Figures) => clicks,
    url_clicks: ({ urlClicks }: Figures) => urlClicks,
  },
  BILLING: {
    billed_engagements: ({ engagements }: Figures) => engagements,
    billed_charge_local_micro: ({ spend }: Figures) => spend,
  },
} as const;

/** A metric without any figure in the whole span is null; a zero among others is at times null too. */
const seriesOf = (
  days: readonly (Figures | undefined)[],
  pick: (figures: Figures) => bigint,
  seed: readonly (string | number)[],
): Series => {
  const values = days.map((figures) => (figures ? pick(figures) : 0n));
  if (values.every((value) => value === 0n)) return null;
  return values.map((value, place) => (value === 0n && chance(...seed, place) < 0.3 ? null : Number(value)));
};

const webMetrics = {
  metric: ({ view, engagement }: WebFigures) => view + engagement,
  post_view: ({ view }: WebFigures) => view,
  post_engagement: ({ engagement }: WebFigures) => engagement,
  order_quantity: ({ viewQuantity, engagementQuantity }: WebFigures) => viewQuantity + engagementQuantity,
  order_quantity_view: ({ viewQuantity }: WebFigures) => viewQuantity,
  order_quantity_engagement: ({ engagementQuantity }: WebFigures) => engagementQuantity,
  sale_amount: ({ viewAmount, engagementAmount }: WebFigures) => viewAmount + engagementAmount,
  sale_amount_view: ({ viewAmount }: WebFigures) => viewAmount,
  sale_amount_engagement: ({ engagementAmount }: WebFigures) => engagementAmount,
} as const;

const webObject = (days: readonly (Figures | undefined)[], type: WebType, seed: readonly string[]) => {
  const members = Object.entries(webMetrics).map(
    ([name, pick]) => [name, seriesOf(days, ({ web }) => pick(web[type]), [...seed, type, name])] as const,
  );
  if (members.every(([, series]) => series === null)) return null;
  return { ...Object.fromEntries(members), assisted: null };
};

const metricsOf = (days: readonly (Figures | undefined)[], asked: StatsRequest, id: string) => {
  const metrics: Record<string, unknown> = {};
  for (const group of asked.groups) {
    if (group === "ENGAGEMENT" || group === "BILLING")
      for (const [name, pick] of Object.entries(delivery[group]))
        metrics[name] = seriesOf(days, pick, ["wire", id, asked.from, name]);
    if (group === "ENGAGEMENT") {
      for (const name of ["retweets", "replies", "likes", "follows", "app_clicks", "card_engagements"])
        metrics[name] = null;
      // Retired, and still sent.
      Object.assign(metrics, { tweets_send: null, unfollows: null, poll_card_vote: null });
    }
    if (group === "WEB_CONVERSION") {
      for (const type of webTypes)
        metrics[`conversion_${type}`] = webObject(days, type, ["wire", id, asked.from]);
      for (const type of ["downloads", "add_to_carts", "checkouts_initiated"])
        metrics[`conversion_${type}`] = null;
    }
  }
  return metrics;
};

/** What X answers, in the order of the ids asked for. */
export const statsBody = (
  asked: StatsRequest,
  slots: readonly Slot[],
  figures: (slot: Slot, day: Day) => Figures | undefined,
) => {
  const ofPlacement = slots.filter(({ placement }) => placement === asked.placement);
  const data = asked.ids.map((id) => {
    const own = ofPlacement.filter((slot) => entityIdOf(asked.kind, slot) === id);
    const days = Array.from({ length: asked.days }, (_, index) => {
      const day = addDays(asked.from, index);
      let sum: Figures | undefined;
      for (const slot of own) {
        const found = figures(slot, day);
        if (found) sum = addFigures(sum, found);
      }
      return sum;
    });
    return { id, id_data: [{ segment: null, metrics: metricsOf(days, asked, id) }] };
  });
  return { data_type: "stats", time_series_length: asked.days, data, request: { params: echoOf(asked) } };
};

export const echoOf = ({ kind, ids, span, placement, groups: metricGroups }: StatsRequest) => ({
  start_time: utcText(span.start),
  end_time: utcText(span.end),
  entity_ids: ids,
  entity: kind,
  granularity: "DAY",
  placement,
  metric_groups: metricGroups,
  segmentation_type: null,
  country: null,
  platform: null,
});
