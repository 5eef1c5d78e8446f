import type { Platform } from "../../domain/platform.ts";

/** A stated curve: the share known on the day itself, and how many days bring in half of what is still missing. */
interface DefaultCurve {
  readonly first: string;
  readonly halfLifeDays: string;
}

/**
 * What is assumed of a platform until its own history tells; docs/maturity.md gives the reasons. Rather too near to
 * 1 than too far: a projection divides by the share, so that a share too small overstates what a campaign brings.
 */
export const defaultCurves: Readonly<Record<Platform, DefaultCurve>> = {
  // Dated on the click, credited for weeks: the lag is the customer's own time to decide.
  google: { first: "0.5", halfLifeDays: "3" },
  // Mostly dated on the conversion: only late uploads and deduplication move a day.
  meta: { first: "0.8", halfLifeDays: "2" },
  // Uploaded conversions take up to 72 hours, and rules credit for 30 to 90 days.
  linkedin: { first: "0.6", halfLifeDays: "3" },
};
