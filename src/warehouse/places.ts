import type pg from "pg";
import type { SharedPlaces } from "../connectors/wire/lanes.ts";

/** In `ops.lane_place`: each statement stands alone, so that any pooler may lie between. */
export const sharedPlaces = (pool: pg.Pool): SharedPlaces => ({
  async take(lane, places, holder, leaseMs) {
    // Whoever comes second for one place finds it held, and goes on to the next.
    for (let place = 1; place <= places; place += 1) {
      const { rowCount } = await pool.query(
        `insert into ops.lane_place as p (lane, place, holder, lease_until)
         values ($1, $2, $3, now() + $4 * interval '1 millisecond')
         on conflict (lane, place) do update set holder = excluded.holder, lease_until = excluded.lease_until
         where p.lease_until <= now()`,
        [lane, place, holder, leaseMs],
      );
      if (rowCount === 1) return true;
    }
    return false;
  },
  async renew(lane, holder, leaseMs) {
    await pool.query(
      `update ops.lane_place set lease_until = now() + $3 * interval '1 millisecond'
       where lane = $1 and holder = $2`,
      [lane, holder, leaseMs],
    );
  },
  async free(lane, holder) {
    await pool.query("delete from ops.lane_place where lane = $1 and holder = $2", [lane, holder]);
  },
});
