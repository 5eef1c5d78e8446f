import * as z from "zod";
import {
  addDays,
  type Day,
  dayAt,
  type DayRange,
  earlierDay,
  endOfDay,
  laterDay,
  windowsOf,
} from "../../domain/day.ts";
import type { Pull } from "../connector.ts";
import { accountPart } from "./account-parts.ts";
import type { Ask } from "./client.ts";

export type ActiveKind = "FUNDING_INSTRUMENT" | "CAMPAIGN" | "PROMOTED_TWEET";

/** Days of the window in which something of the entity changed, and where it was shown. */
export interface Activity extends DayRange {
  readonly id: string;
  /** Every one that X names, documented or not: leaving one out loses its spend. */
  readonly placements: readonly string[];
}

const shape = z.object({
  data: z.array(
    z.object({
      entity_id: z.string().min(1),
      activity_start_time: z.string(),
      activity_end_time: z.string(),
      placements: z.array(z.string().min(1)).nullish(),
    }),
  ),
});

/** What one call may ask for. */
const longestDays = 90;

const everywhere = "ALL_ON_TWITTER";

const hourMs = 3_600_000;

/** X wants whole hours, which local midnight is not everywhere; a little more does no harm here. */
const wholeHour = (ms: number, round: (hours: number) => number): string =>
  new Date(round(ms / hourMs) * hourMs).toISOString().replace(".000Z", "Z");

/**
 * The entities of the whole X account that have figures in the window. X says when a change was recorded, and which
 * times it changed: what concerns the window was recorded between its first day and now.
 */
export const readActivity = async (
  ask: Ask,
  pull: Pull,
  kind: ActiveKind,
  now: Date,
): Promise<readonly Activity[]> => {
  const { ownId } = accountPart(pull.account.id);
  const zone = pull.account.timeZone;
  const today = dayAt(now, zone);
  const found = new Map<string, { from: Day; to: Day; placements: Set<string> }>();
  for (const piece of windowsOf({ from: pull.from, to: laterDay(today, pull.to) }, longestDays - 1)) {
    const { data } = await ask({
      path: ["stats", "accounts", ownId, "active_entities"],
      parameters: {
        entity: kind,
        start_time: wholeHour(endOfDay(addDays(piece.from, -1), zone).getTime(), Math.floor),
        // Nothing is recorded after now.
        end_time: wholeHour(Math.min(endOfDay(piece.to, zone).getTime(), now.getTime()), Math.ceil),
      },
      name: "active entities",
      accountId: ownId,
      signal: pull.signal,
      schema: shape,
    });
    for (const { entity_id, activity_start_time, activity_end_time, placements } of data) {
      const [start, end] = [dayOf(activity_start_time, zone), dayOf(activity_end_time, zone)];
      // A time that cannot be read leaves nothing out.
      const from = laterDay(start === undefined ? pull.from : addDays(start, -1), pull.from);
      const to = earlierDay(end === undefined ? pull.to : addDays(end, 1), pull.to);
      if (from > to) continue;
      const before = found.get(entity_id);
      found.set(entity_id, {
        from: before ? earlierDay(before.from, from) : from,
        to: before ? laterDay(before.to, to) : to,
        placements: new Set([
          ...(before?.placements ?? []),
          ...(placements?.length ? placements : [everywhere]),
        ]),
      });
    }
  }
  return [...found].map(([id, { from, to, placements }]) => ({ id, from, to, placements: [...placements] }));
};

const dayOf = (time: string, zone: string): Day | undefined => {
  const instant = new Date(time);
  return Number.isNaN(instant.getTime()) ? undefined : dayAt(instant, zone);
};
