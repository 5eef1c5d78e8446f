import type { CrmDeal } from "../crm/deals.ts";
import { type HubspotRecord, utc } from "./records.ts";
import type { HubspotSettings } from "./type.ts";

export type DealSettings = Exclude<HubspotSettings["conversions"], false>;

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

/** A deal as the books have it now: won, or not (any more), or in a pipeline that is not asked for. */
export const dealOf = (
  deal: HubspotRecord,
  options: {
    readonly settings: DealSettings;
    readonly won: ReadonlySet<string>;
    readonly companyCurrency: string | undefined;
  },
): Pick<CrmDeal, "id" | "won" | "leads"> => {
  const { settings, won, companyCurrency } = options;
  const { id, properties, propertiesWithHistory, archived, associations } = deal;
  const leads = (associations?.contacts?.results ?? []).map((contact) => contact.id);
  const stage = properties["dealstage"] ?? "";
  const isWon = properties["hs_is_closed_won"] === "true" || won.has(stage);
  const isAsked = settings.pipelines?.includes(properties["pipeline"] ?? "") !== false;
  if (archived || !isWon || !isAsked) return { id, leads, won: null };
  // Newest first: the entry into the won state that still holds.
  let since: string | undefined;
  for (const { value, timestamp } of propertiesWithHistory?.["dealstage"] ?? []) {
    if (value !== stage && !won.has(value ?? "")) break;
    since = utc(timestamp);
  }
  const order = settings.orderId === undefined ? undefined : properties[settings.orderId]?.trim();
  return {
    id,
    leads,
    won: {
      at: since ?? utc(properties["closedate"]),
      amount: properties["amount"]?.trim() || undefined,
      currency: properties["deal_currency_code"] || companyCurrency,
      order: order || undefined,
    },
  };
};
