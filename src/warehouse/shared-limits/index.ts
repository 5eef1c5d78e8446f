import type pg from "pg";
import type { SharedLimits } from "../../connectors/wire/limits.ts";
import { sharedPauses } from "./pauses.ts";
import { sharedPlaces } from "./places.ts";

/** Pauses and places that every process on the same warehouse keeps, watched or not. */
export const sharedLimits = (pool: pg.Pool): SharedLimits => ({
  ...sharedPauses(pool),
  ...sharedPlaces(pool),
});
