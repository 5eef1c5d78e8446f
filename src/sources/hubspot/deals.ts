import type { HubspotRecord } from "./records.ts";
import type { HubspotSettings } from "./type.ts";

export type DealSettings = Exclude<HubspotSettings["conversions"], false>;

/** The columns of the rows that a deal becomes. */
export const dealColumns = [
  "conversion_id",
  "conversion_name",
  "converted_at",
  "value",
  "currency",
  "order_id",
  "lead_id",
  "deleted",
] as const;

export type DealRow = Partial<Record<(typeof dealColumns)[number], string>>;

export const dealProperties = (settings: DealSettings, outbound: HubspotSettings["outbound"]) => ({
  required: [
    ["dealstage", "conversions"],
    ...(settings.orderId === undefined ? [] : [[settings.orderId, "conversions.orderId"] as const]),
    ...(outbound?.count === "deals" ? [[outbound.field, "outbound.field"] as const] : []),
  ] as readonly (readonly [string, string])[],
  optional: [
    "pipeline",
    "amount",
    "deal_currency_code",
    "closedate",
    "hs_is_closed_won",
  ] as readonly string[],
  histories: ["dealstage"] as readonly string[],
});

const utc = (written: string | null | undefined): string | undefined => {
  const at = new Date(written ?? "");
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
};

/** A deal as the books have it now: won, or not (any more). Undefined where its pipeline is not asked for. */
export const dealRow = (
  deal: HubspotRecord,
  options: {
    readonly settings: DealSettings;
    readonly won: ReadonlySet<string>;
    readonly companyCurrency: string | undefined;
    readonly leadId: string | undefined;
  },
): DealRow => {
  const { settings, won, companyCurrency, leadId } = options;
  const { id, properties, propertiesWithHistory, archived } = deal;
  const conversion_id = `deal:${id}`;
  const stage = properties["dealstage"] ?? "";
  const isWon = properties["hs_is_closed_won"] === "true" || won.has(stage);
  const isAsked = settings.pipelines?.includes(properties["pipeline"] ?? "") !== false;
  if (archived || !isWon || !isAsked) return { conversion_id, deleted: "true" };
  // Newest first: the entry into the won state that still holds.
  let since: string | undefined;
  for (const { value, timestamp } of propertiesWithHistory?.["dealstage"] ?? []) {
    if (value !== stage && !won.has(value ?? "")) break;
    since = utc(timestamp);
  }
  const converted_at = since ?? utc(properties["closedate"]);
  const amount = properties["amount"]?.trim();
  const currency = properties["deal_currency_code"] || companyCurrency;
  const order = settings.orderId === undefined ? undefined : properties[settings.orderId]?.trim();
  return {
    conversion_id,
    conversion_name: settings.name,
    ...(converted_at === undefined ? {} : { converted_at }),
    ...(amount ? { value: amount, ...(currency ? { currency } : {}) } : {}),
    ...(order ? { order_id: order } : {}),
    ...(leadId === undefined ? {} : { lead_id: leadId }),
  };
};
