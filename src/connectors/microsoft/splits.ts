import type { BreakdownDay, NetworkDay } from "../../domain/facts.ts";
import { createPartSums } from "../part-sums.ts";
import { anyPlacesOf, type Cells, idOf, isNothing, type ReadDay, wrong } from "./cells.ts";
import { conversionsAt, deliveryAt, isCounted } from "./figures.ts";
import type { NoteGoal } from "./normalize.ts";
import type { Split } from "./reports.ts";

/** Campaign-days by network, device or country: of each split one report of deliveries and one of goals. */

export interface SplitReading {
  readonly split: Split;
  readonly day: ReadDay;
  /** What a label of the split's column is. */
  readonly part: (label: string) => string;
}

/** Delivery by campaign and part: several labels may be one part. */
export const createSplitDeliveries = (
  { split, day, part }: SplitReading,
  currency: string,
  note: (campaignId: string, name: string) => void,
) => {
  const at = anyPlacesOf(split.deliveries);
  const [campaignAt, partAt, currencyAt, nameAt] = [
    at("CampaignId"),
    at(split.column),
    at("CurrencyCode"),
    at("CampaignName"),
  ];
  const deliveryOf = deliveryAt(at);
  const sums = createPartSums<BreakdownDay>();
  return {
    read(rows: readonly Cells[]): void {
      for (const cells of rows) {
        const campaignId = idOf(cells[campaignAt], "CampaignId");
        note(campaignId, cells[nameAt] ?? "");
        const own = cells[currencyAt] ?? "";
        if (!isNothing(own) && own !== currency)
          throw wrong(
            `CurrencyCode is ${JSON.stringify(own.slice(0, 10))}, the account's currency is ${currency}`,
          );
        const delivery = deliveryOf(cells);
        if (!delivery) continue;
        sums.add({
          kind: "delivery",
          date: day(cells[0]),
          campaignId,
          part: part(cells[partAt] ?? ""),
          ...delivery,
        });
      }
    },
    rows: sums.rows,
  };
};

/** The parts of a split by network, as rows of networks. */
export const asNetworkDays = (rows: readonly BreakdownDay[]): NetworkDay[] =>
  rows.map(({ part, ...row }) => ({ ...row, network: part }));

/** Conversions by campaign, part and goal. `idOfName` is undefined where a name stands for several goals. */
export const createSplitConversions = (
  { split, day, part }: SplitReading,
  idOfName: (name: string) => string | undefined,
  note: NoteGoal,
) => {
  const at = anyPlacesOf(split.goals);
  const [campaignAt, partAt, goalNameAt, typeAt] = [
    at("CampaignId"),
    at(split.column),
    at("Goal"),
    at("GoalType"),
  ];
  const figuresOf = conversionsAt(at);
  const sums = createPartSums<BreakdownDay>();
  return {
    read(rows: readonly Cells[]): void {
      for (const cells of rows) {
        const figures = figuresOf(cells);
        if (figures.length === 0) continue;
        const name = cells[goalNameAt] ?? "";
        const actionId = idOfName(name);
        if (actionId === undefined) continue;
        note({ id: actionId, name, type: cells[typeAt] ?? "", counted: isCounted(figures) });
        const key = {
          date: day(cells[0]),
          campaignId: idOf(cells[campaignAt], "CampaignId"),
          part: part(cells[partAt] ?? ""),
        };
        for (const figure of figures) sums.add({ kind: "conversions", ...key, actionId, ...figure });
      }
    },
    rows: sums.rows,
  };
};
