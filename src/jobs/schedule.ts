import type { Queue } from "bullmq";
import type { Schedule } from "../domain/schedule.ts";
import type { Payload } from "./queue.ts";

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
