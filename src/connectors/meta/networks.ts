import { addDecimals } from "../../domain/decimal.ts";
import type { Delivery, NetworkDay } from "../../domain/facts.ts";
import { conversionsOf, deliveryOf, type InsightsRow } from "./normalize.ts";

export const unknownNetwork = "unknown";

/** Campaign x network rows; the network of a row that names none is unknown. */
export const networkDaysOf = (row: InsightsRow): NetworkDay[] => {
  const key = {
    date: row.date_start,
    campaignId: row.campaign_id ?? "",
    network: row.publisher_platform || unknownNetwork,
  };
  return [
    { kind: "delivery", ...key, ...deliveryOf(row) },
    ...conversionsOf(row).map((conversions): NetworkDay => ({ kind: "conversions", ...key, ...conversions })),
  ];
};

/** Several rows of a campaign-day may lack a network: what shares a key is added up into one. */
export const mergeNetworkDays = (rows: readonly NetworkDay[]): NetworkDay[] => {
  const merged = new Map<string, NetworkDay>();
  for (const row of rows) {
    const action = row.kind === "conversions" ? `${row.actionId} ${row.attribution}` : "";
    const key = `${row.date} ${row.campaignId} ${row.network} ${row.kind} ${action}`;
    const before = merged.get(key);
    merged.set(key, before ? sum(before, row) : row);
  }
  return [...merged.values()];
};

const sum = (a: NetworkDay, b: NetworkDay): NetworkDay => {
  if (a.kind === "conversions" && b.kind === "conversions")
    return {
      ...a,
      conversions: addDecimals(a.conversions, b.conversions),
      conversionValue: addDecimals(a.conversionValue, b.conversionValue),
    };
  if (a.kind === "delivery" && b.kind === "delivery") return { ...a, ...sumDelivery(a, b) };
  return a;
};

const sumDelivery = (a: Delivery, b: Delivery): Delivery => ({
  spend: addDecimals(a.spend, b.spend),
  impressions: addDecimals(a.impressions, b.impressions),
  clicks: addDecimals(a.clicks, b.clicks),
});
