import type { AccountDay, AdDay, ConversionDay, Delivery } from "../../domain/facts.ts";
import { type Cells, idOf, isNothing, placesOf, type ReadDay } from "./cells.ts";
import { conversionsAt, deliveryAt, isCounted } from "./figures.ts";
import { adReport, goalReport, totalReport } from "./reports.ts";

/** Ads, account totals and goals: what the rows of their reports mean, without talking to anybody. */

const adAt = placesOf(adReport);
const adPlaces = {
  campaign: adAt("CampaignId"),
  adGroup: adAt("AdGroupId"),
  ad: adAt("AdId"),
  adGroupName: adAt("AdGroupName"),
  adTitle: adAt("AdTitle"),
};
const adDelivery = deliveryAt(adAt);

/** Called with the names that a row tells. */
export type NoteAd = (
  ids: Omit<AdDay, keyof Delivery | "date">,
  adGroupName: string,
  adTitle: string,
) => void;

export const adDays = (rows: readonly Cells[], day: ReadDay, note: NoteAd): AdDay[] => {
  const days: AdDay[] = [];
  for (const cells of rows) {
    const campaignId = idOf(cells[adPlaces.campaign], "CampaignId");
    const adGroupId = idOf(cells[adPlaces.adGroup], "AdGroupId");
    const adId = idOf(cells[adPlaces.ad], "AdId");
    note({ campaignId, adGroupId, adId }, cells[adPlaces.adGroupName] ?? "", cells[adPlaces.adTitle] ?? "");
    const delivery = adDelivery(cells);
    if (!delivery) continue;
    const { spend, impressions, clicks } = delivery;
    // Spelt out: there may be millions of these, and spreading is slow.
    days.push({ date: day(cells[0]), campaignId, adGroupId, adId, spend, impressions, clicks });
  }
  return days;
};

const totalDelivery = deliveryAt(placesOf(totalReport));

export const accountDays = (rows: readonly Cells[], day: ReadDay): AccountDay[] =>
  rows.flatMap((cells) => {
    const delivery = totalDelivery(cells);
    return delivery ? [{ date: day(cells[0]), ...delivery }] : [];
  });

const goalAt = placesOf(goalReport);
const goalPlaces = {
  campaign: goalAt("CampaignId"),
  adGroup: goalAt("AdGroupId"),
  ad: goalAt("AdId"),
  id: goalAt("GoalId"),
  name: goalAt("Goal"),
  type: goalAt("GoalType"),
};
const goalFigures = conversionsAt(goalAt);

/** A goal as a row tells of it. */
export interface ToldGoal {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** Whether the row counts it among the goals included in bidding. */
  readonly counted: boolean;
}

export type NoteGoal = (goal: ToldGoal) => void;

/** A goal without an id goes by its name. */
const actionIdOf = (id: string | undefined, name: string): string => (isNothing(id) ? name : (id ?? ""));

export const conversionDays = (rows: readonly Cells[], day: ReadDay, note: NoteGoal): ConversionDay[] => {
  const days: ConversionDay[] = [];
  for (const cells of rows) {
    const figures = goalFigures(cells);
    if (figures.length === 0) continue;
    const name = cells[goalPlaces.name] ?? "";
    const actionId = actionIdOf(cells[goalPlaces.id], name);
    note({ id: actionId, name, type: cells[goalPlaces.type] ?? "", counted: isCounted(figures) });
    for (const figure of figures)
      days.push({
        date: day(cells[0]),
        campaignId: idOf(cells[goalPlaces.campaign], "CampaignId"),
        adGroupId: idOf(cells[goalPlaces.adGroup], "AdGroupId"),
        adId: idOf(cells[goalPlaces.ad], "AdId"),
        actionId,
        ...figure,
      });
  }
  return days;
};
