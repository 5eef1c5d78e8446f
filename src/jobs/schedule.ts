import { CronExpressionParser } from "cron-parser";
import { DateTime } from "luxon";
import type { Queue } from "bullmq";
import type { Payload } from "./queue.ts";

/** When the nights begin. */
export interface Schedule {
  readonly pattern: string;
  readonly timeZone: string;
}

/** A time at which a night is due. */
export interface Due {
  readonly at: Date;
  /** On the schedule's wall clock: the hour that comes twice in autumn is the same one. */
  readonly wallClock: string;
}

const after = ({ pattern, timeZone }: Schedule, instant: Date): Date =>
  CronExpressionParser.parse(pattern, { currentDate: instant, tz: timeZone }).next().toDate();

/** The last time due at or before `now`; a time that spring skips is due when its hour would have begun. */
export const lastDue = (schedule: Schedule, now: Date): Due => {
  // One step back may leap over a time that the clock skipped; from there it goes forward again.
  let at = CronExpressionParser.parse(schedule.pattern, {
    currentDate: new Date(now.getTime() + 1),
    tz: schedule.timeZone,
  })
    .prev()
    .toDate();
  for (let next = after(schedule, at); next <= now; next = after(schedule, next)) at = next;
  const wallClock =
    DateTime.fromJSDate(at, { zone: schedule.timeZone }).toFormat("yyyy-MM-dd'T'HH:mm:ss") +
    ` ${schedule.timeZone}`;
  return { at, wallClock };
};

const schedulerId = "night";

/** The queue of everything but slices. */
export const nightQueue = "night";

/** How late the scheduler's next job may be before it counts as stopped. */
const lateMs = 90_000;

/**
 * Makes the queue's scheduler what the configuration says, and the only one. Says what was not as it should be.
 * The queue may have been emptied, or an older schedule left in it.
 */
export const ensureScheduler = async (
  queue: Queue<Payload>,
  schedule: Schedule,
  now: Date,
): Promise<"well" | "missing" | "changed" | "stopped"> => {
  const found = await queue.getJobSchedulers();
  for (const { key } of found) if (key !== schedulerId) await queue.removeJobScheduler(key);
  const own = found.find(({ key }) => key === schedulerId);
  const state = !own
    ? "missing"
    : own.pattern !== schedule.pattern || own.tz !== schedule.timeZone
      ? "changed"
      : (own.next ?? 0) < now.getTime() - lateMs ||
          (await queue.getDelayedCount()) + (await active(queue)) === 0
        ? "stopped"
        : "well";
  if (state === "well") return state;
  if (own) await queue.removeJobScheduler(schedulerId);
  await queue.upsertJobScheduler(
    schedulerId,
    { pattern: schedule.pattern, tz: schedule.timeZone },
    { name: "tick", data: { version: 1 }, opts: { removeOnComplete: true, removeOnFail: true } },
  );
  return state;
};

const active = async (queue: Queue<Payload>): Promise<number> =>
  (await queue.getJobCountByTypes("active", "waiting", "prioritized")) ?? 0;
