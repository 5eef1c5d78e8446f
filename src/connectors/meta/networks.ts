import type { NetworkDay } from "../../domain/facts.ts";
import { createPartSums } from "../part-sums.ts";
import { campaignRowsOf, type InsightsRow } from "./normalize.ts";

export const unknownNetwork = "unknown";

/** Campaign x network rows; the network of a row that names none is unknown. */
export const networkDaysOf = (row: InsightsRow): NetworkDay[] =>
  campaignRowsOf(row, { network: row.publisher_platform || unknownNetwork });

/** Several rows of a campaign-day may lack a network: what shares a key is added up into one. */
export const mergeNetworkDays = (rows: readonly NetworkDay[]): NetworkDay[] => {
  const sums = createPartSums<NetworkDay>();
  for (const row of rows) sums.add(row);
  return sums.rows();
};
