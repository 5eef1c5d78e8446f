import type pg from "pg";
import type { SharedPlaces } from "../connectors/wire/lanes.ts";
import { tryLease } from "./lease.ts";

/** Each place of a lane is a lease of its own: whoever comes second for one goes on to the next. */
export const sharedPlaces = (pool: pg.Pool): SharedPlaces => ({
  async take(lane, places) {
    for (let place = 1; place <= places; place += 1) {
      const lease = await tryLease(pool, `${lane} ${String(place)}`);
      if (lease) return () => lease.release();
    }
    return undefined;
  },
});
