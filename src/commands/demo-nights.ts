import type { App } from "../app.ts";
import { addDays, type Day, laterDay } from "../domain/day.ts";
import type { Platform } from "../domain/platform.ts";
import type { Sandbox } from "../../sandbox/start.ts";
import { googleFaults } from "../../sandbox/google/index.ts";
import { clientAccountId } from "../../sandbox/google/world.ts";
import { formatDecimal } from "./output.ts";
import { runSync, type SyncSummary } from "./sync/run.ts";
import type { SyncEvents } from "../sync/watched.ts";

/** The last one is tonight. */
export const nightsPlayed = 5;

/** Days that a night before the last one pulls: those that move the most, and a week for the alerts. */
const nightDays = 8;

/** Its reports are made ready one after the other, which takes as long for a few days as for many: it joins late. */
const isSlow = (platform: Platform): boolean => platform === "microsoft";

const dayMs = 86_400_000;

/** A clock that is set back for nights that are over. The machine's own goes on under it. */
export const createNightClock = () => {
  let backMs = 0;
  return {
    now: () => new Date(Date.now() - backMs),
    setBack: (days: number): void => void (backMs = days * dayMs),
  };
};

export type NightClock = ReturnType<typeof createNightClock>;

/** The account that Google shuts the user out of, one night before the last. */
const failingAccount = clientAccountId(1);

/** What a night noted by the database's clock is moved to when it was. */
const datedBack = async ({ database }: App, began: Date, days: number): Promise<void> => {
  for (const [table, column, others] of [
    ["ops.run", "started_at", ["finished_at"]],
    ["ops.slice", "started_at", ["finished_at"]],
    ["ops.account_day", "fetched_at", []],
  ] as const) {
    const moved = [column, ...others].map((name) => `${name} = ${name} - make_interval(days => $2)`);
    await database.pool.query(`update ${table} set ${moved.join(", ")} where ${column} >= $1`, [began, days]);
  }
};

/** The youngest night that the warehouse remembers: a demo that runs again plays none that is over. */
const lastPlayed = async ({ database }: App): Promise<Date> => {
  const { rows } = await database.pool
    .query<{ at: Date | null }>("select max(observed_at) as at from marts.cost_per_conversion_history")
    .catch(() => ({ rows: [] }));
  return rows[0]?.at ?? new Date(0);
};

export interface PlayedNights {
  /** The last night, with the days that the nights before it had loaded. */
  readonly summary: SyncSummary;
  /** Rows that the platforms sent in all nights. */
  readonly rows: number;
}

/**
 * Plays the nights up to tonight: the first ones pull the youngest days as they were known then, the last one pulls
 * everything as it is known now. So days have a history, Google's figures fail one night, and alerts come and go.
 * Each account is pulled up to its own yesterday: in Tokyo that is another day from 15:00 UTC on, without which alerts
 * would be held back.
 */
export const playNights = async (
  app: App,
  options: {
    readonly sandbox: Sandbox;
    readonly clock: NightClock;
    readonly platforms: readonly Platform[];
    readonly from: Day;
    readonly to: Day;
    readonly progress: SyncEvents;
    readonly onNight?: (words: string) => void;
  },
): Promise<PlayedNights> => {
  const { sandbox, clock, platforms, from, to, progress, onNight } = options;
  const known = await lastPlayed(app);
  let rows = 0;
  for (let back = nightsPlayed - 1; back > 0; back -= 1) {
    const last = addDays(to, -back);
    clock.setBack(back);
    if (last < from || clock.now() <= known) continue;
    const isShutOut = back === 1;
    onNight?.(
      `night ${String(nightsPlayed - back)} of ${String(nightsPlayed)}${isShutOut ? `, Google answers nothing about ${failingAccount}` : ""}`,
    );
    const began = new Date();
    const { level } = app.log;
    // The last night warns of the same again, and what fails on the one before is part of the story.
    if (level !== "debug") app.log.level = "fatal";
    if (isShutOut) sandbox.servers.google.addFault(googleFaults.noPermission(failingAccount));
    const night = await runSync(app, {
      from: laterDay(from, addDays(last, 1 - nightDays)),
      platform: back === 1 ? platforms : platforms.filter((platform) => !isSlow(platform)),
      clock: clock.now,
    }).finally(() => {
      sandbox.servers.google.clearFaults();
      app.log.level = level;
    });
    await datedBack(app, began, back);
    rows += night.results.reduce((sum, { rowsRead }) => sum + rowsRead, 0);
  }
  clock.setBack(0);
  onNight?.(`night ${String(nightsPlayed)} of ${String(nightsPlayed)}, with all that came before`);
  const summary = await runSync(app, { from, platform: platforms }, progress);
  return { summary, rows: rows + summary.results.reduce((sum, { rowsRead }) => sum + rowsRead, 0) };
};

/** The campaign-day that moved most between the nights, in a line; undefined where none did. */
export const restatedLine = async ({ database }: App): Promise<string | undefined> => {
  const { rows } = await database.pool.query<{
    platform: string;
    name: string | null;
    date: Day;
    first: string;
    last: string;
    changes: number;
  }>(
    `select h.platform, max(c.name) as name, h.date, count(*)::int - 1 as changes,
            (array_agg(h.conversions order by h.observed_at))[1] as first,
            (array_agg(h.conversions order by h.observed_at desc))[1] as last
     from marts.cost_per_conversion_history h
     left join warehouse.campaign c using (account_key, campaign_id)
     group by h.platform, h.account_key, h.campaign_id, h.date
     having count(*) > 2
     order by abs((array_agg(h.conversions order by h.observed_at desc))[1]
                  - (array_agg(h.conversions order by h.observed_at))[1]) desc nulls last, h.date desc, name limit 1`,
  );
  const [moved] = rows;
  if (moved === undefined) return undefined;
  return `Restated: ${moved.platform} ${moved.name ?? ""} on ${moved.date} had ${formatDecimal(moved.first, 2)} conversions at first and has ${formatDecimal(moved.last, 2)} after ${String(moved.changes)} changes.`;
};
