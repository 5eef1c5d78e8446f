import { addDays, type Day, dayAt, eachDay, laterDay } from "../../src/domain/day.ts";
import { restatedDays, type Slot } from "./figures.ts";
import { entityIdOf, entityKindIn } from "./stats.ts";
import { midnight, spanIn } from "./times.ts";
import { invalid, listOf, type Params, utcText } from "./wire.ts";
import type { SandboxAccount } from "./world.ts";

/** A change that a test made, seen by the clock of the sandbox. */
export interface Correction {
  readonly campaignId: string;
  readonly day: Day;
  readonly at: Date;
}

interface Activity {
  first: Day;
  last: Day;
  readonly placements: Set<string>;
}

/**
 * Entities with a change recorded in the window. A day's figures are recorded from its beginning until its spend is
 * final, so what was active before the window is named as well; a correction is recorded when it is made.
 */
export const activeEntities = (
  params: Params,
  account: SandboxAccount,
  slots: readonly Slot[],
  isActive: (slot: Slot, day: Day) => boolean,
  corrections: readonly Correction[],
) => {
  const kind = entityKindIn(params);
  if (kind === "ACCOUNT") throw invalid("entity", "ACCOUNT has no active entities");
  const span = spanIn(params, account.timeZone, 90);
  const filters = ["campaign_ids", "funding_instrument_ids", "line_item_ids"] as const;
  const given = filters.filter((name) => params.has(name));
  if (given.length > 1) throw invalid(given[1] ?? "", "filters exclude each other", "EXCLUSIVE_PARAMETERS");
  const chosen = given[0] && listOf(params, given[0], 200);
  const isChosen = ({ campaign, lineItem }: Slot): boolean => {
    if (!chosen) return true;
    if (given[0] === "campaign_ids") return chosen.includes(campaign.id);
    return chosen.includes(given[0] === "funding_instrument_ids" ? campaign.fundingId : lineItem.id);
  };
  const from = dayAt(span.start, account.timeZone);
  const last = dayAt(new Date(span.end.getTime() - 1), account.timeZone);
  const days = eachDay({ from: addDays(from, -restatedDays.spend), to: last });

  const found = new Map<string, Activity>();
  const note = (id: string, day: Day, placement: string): void => {
    const activity = found.get(id) ?? { first: day, last: day, placements: new Set() };
    if (day < activity.first) activity.first = day;
    activity.last = laterDay(activity.last, day);
    activity.placements.add(placement);
    found.set(id, activity);
  };
  for (const slot of slots) {
    const id = entityIdOf(kind, slot);
    if (id === undefined || !isChosen(slot)) continue;
    for (const day of days) if (isActive(slot, day)) note(id, day, slot.placement);
    for (const { campaignId, day, at } of corrections)
      if (campaignId === slot.campaign.id && at >= span.start && at < span.end) note(id, day, slot.placement);
  }
  return {
    request: { params: Object.fromEntries(params) },
    data: [...found].map(([id, activity]) => ({
      entity_id: id,
      activity_start_time: utcText(midnight(activity.first, account.timeZone)),
      activity_end_time: utcText(
        new Date(midnight(addDays(activity.last, 1), account.timeZone).getTime() - 1_000),
      ),
      placements: [...activity.placements],
    })),
  };
};
