import { sql } from "kysely";
import { nextDue, type Schedule } from "../../domain/schedule.ts";
import { WebProblem } from "../failures.ts";
import type { NightState } from "./operating-answers.ts";
import type { Read } from "./read.ts";

/** A way to begin a night at once: given by whoever holds the queue. */
export interface Nights {
  /** The night's run, or undefined where one is under way. */
  begin(): Promise<string | undefined>;
}

/** When the next night is due, and what the one under way has done of its slices. */
export const nightState = async (
  read: Read,
  schedule: Schedule,
): Promise<Pick<NightState, "next_at" | "schedule" | "time_zone" | "running">> => {
  const [running] = await read<NonNullable<NightState["running"]>>(sql`
    select r.started_at as began_at, count(*) filter (where j.state in ('done', 'failed'))::int as done, count(*)::int as all
    from ops.night n
    join ops.run r using (run_id)
    join ops.job j using (run_id)
    where r.finished_at is null and n.due not like '% source %'
    group by r.run_id, r.started_at order by r.started_at desc limit 1`);
  return {
    next_at: nextDue(schedule, new Date()).toISOString(),
    schedule: schedule.pattern,
    time_zone: schedule.timeZone,
    running: running ?? null,
  };
};

/** Plans a night into the ledger, as the service does when one is due. */
export const beginNight = async (nights: Nights | undefined): Promise<{ readonly run: string }> => {
  if (nights === undefined)
    throw new WebProblem(
      409,
      "this process has no queue to put a night into",
      "ask the dashboard of costper start, or run costper sync",
    );
  const run = await nights.begin();
  if (run === undefined)
    throw new WebProblem(
      409,
      "a night is under way",
      "wait for its end: what it brings is shown as it comes in",
    );
  return { run };
};
