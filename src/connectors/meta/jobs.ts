import * as z from "zod";
import type { Account } from "../../domain/facts.ts";
import { Failure } from "../../domain/failure.ts";
import type { ApiParams } from "./api.ts";
import { pause } from "../wire/request.ts";
import type { Client } from "./client.ts";
import { failureOf, TooMuchData, unknownObject } from "./failures.ts";

/** Everything about how long a report may take, in ms. */
const jobTiming = {
  firstPollMs: 100,
  /** Doubled with each repeat of a failed report. */
  firstRepeatMs: 500,
  longestPollMs: 60_000,
  /** A run may be unknown to the platform for a while after it was made. */
  raceMs: 60_000,
  /** A report that has not begun by then never will. */
  startMs: 5 * 60_000,
  finishMs: 60 * 60_000,
} as const;

interface JobOptions {
  readonly client: Client;
  readonly account: Account;
  readonly params: ApiParams;
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

const started = z.object({ report_run_id: z.union([z.string().min(1), z.number().transform(String)]) });

const state = z.object({
  async_status: z.string(),
  async_percent_completion: z.coerce.number().optional(),
  error_code: z.coerce.number().optional().catch(undefined),
  error_subcode: z.coerce.number().optional().catch(undefined),
  error_message: z.string().optional().catch(undefined),
  error_user_title: z.string().optional().catch(undefined),
  error_user_msg: z.string().optional().catch(undefined),
});
type JobState = z.infer<typeof state>;

/** How one run of a report ended; `lost`: the platform no longer knows it. */
type Ending =
  | { readonly how: "completed" | "skipped" | "lost" }
  | { readonly how: "failed"; readonly failure: Failure | undefined };

/** How often a report is asked for again, by the way its run ended. */
const repeats = { skipped: 1, lost: 1, transient: 2, unexplained: 1 } as const;

/**
 * Has the platform compute a report and returns the id of the completed run.
 * @throws TooMuchData where the report must be asked for in smaller parts
 */
export const computeReport = async (options: JobOptions): Promise<string> => {
  const used = { skipped: 0, lost: 0, transient: 0, unexplained: 0 };
  for (;;) {
    const runId = await start(options);
    const ending = await follow(options, runId);
    if (ending.how === "completed") return runId;
    const why =
      ending.how !== "failed" ? ending.how : ending.failure === undefined ? "unexplained" : "transient";
    if (ending.how === "failed" && ending.failure && ending.failure.kind !== "transient")
      throw ending.failure;
    used[why] += 1;
    if (used[why] <= repeats[why]) {
      await pause(jobTiming.firstRepeatMs * 2 ** (used[why] - 1), options.signal, "meta");
      continue;
    }
    if (ending.how === "failed" && ending.failure) throw ending.failure;
    if (why === "lost") throw stuck(options, "the platform lost the report");
    throw new TooMuchData({
      kind: "data",
      platform: "meta",
      accountId: options.account.id,
      message: `insights report: ${ending.how} without a reason, again and again`,
      remedy: "try again later",
    });
  }
};

const start = async ({ client, account, params, signal }: JobOptions): Promise<string> => {
  await client.roomForJob(account.id, signal);
  const body = await client.call({
    method: "POST",
    path: [`act_${account.id}`, "insights"],
    params,
    name: "insights report",
    accountId: account.id,
    signal,
  });
  const parsed = started.safeParse(body);
  if (parsed.success) return parsed.data.report_run_id;
  throw new Failure({
    kind: "transient",
    platform: "meta",
    accountId: account.id,
    message: "insights report: the platform named no report run",
    remedy: "try again later",
  });
};

const follow = async (options: JobOptions, runId: string): Promise<Ending> => {
  const elapsed = stopwatch(options.now);
  let delay: number = jobTiming.firstPollMs;
  let begun = false;
  for (;;) {
    await pause(delay, options.signal, "meta");
    delay = Math.min(delay * 2, jobTiming.longestPollMs);
    const current = await poll(options, runId);
    if (current === undefined) {
      if (elapsed() < jobTiming.raceMs) continue;
      return { how: "lost" };
    }
    const percent = current.async_percent_completion ?? 0;
    begun ||= percent > 0;
    switch (current.async_status) {
      case "Job Completed":
        // Completed below 100 % is not done yet ("Limits and Best Practices").
        if ((current.async_percent_completion ?? 100) >= 100) return { how: "completed" };
        break;
      case "Job Skipped":
        return { how: "skipped" };
      case "Job Failed":
        return { how: "failed", failure: reason(options, current) };
      default:
    }
    if (!begun && elapsed() > jobTiming.startMs) throw stuck(options, "the report did not start");
    if (elapsed() > jobTiming.finishMs) throw stuck(options, "the report did not finish");
  }
};

/** The state of a run; undefined where the platform does not know it (yet, or any more). */
const poll = async (
  { client, account, signal }: JobOptions,
  runId: string,
): Promise<JobState | undefined> => {
  try {
    const body = await client.call({
      path: [runId],
      object: "report run",
      name: "report state",
      accountId: account.id,
      signal,
    });
    return state.parse(body);
  } catch (error) {
    if (error instanceof Failure && error.reason === unknownObject) return undefined;
    if (error instanceof z.ZodError) throw stuck({ account }, "the platform gave no state of the report");
    throw error;
  }
};

/** Why a run failed; undefined where the platform does not say (API versions before v25.0). */
const reason = ({ account, now }: JobOptions, failed: JobState): Failure | undefined => {
  if (failed.error_code === undefined && failed.error_message === undefined) return undefined;
  return failureOf(
    {
      code: failed.error_code ?? 0,
      subcode: failed.error_subcode,
      message: failed.error_message ?? "",
      title: failed.error_user_title,
      userMessage: failed.error_user_msg,
    },
    {
      call: "insights report",
      accountId: account.id,
      status: 200,
      retryAt: new Date(now().getTime() + jobTiming.startMs),
    },
  );
};

const stuck = ({ account }: Pick<JobOptions, "account">, message: string): Failure =>
  new Failure({
    kind: "transient",
    platform: "meta",
    accountId: account.id,
    message: `insights report: ${message}`,
    remedy: "try again later",
  });

/** Milliseconds since now, by whichever clock runs faster: the given one may stand still or be set back. */
const stopwatch = (now: () => Date): (() => number) => {
  const wall = now().getTime();
  const steady = performance.now();
  return () => Math.max(now().getTime() - wall, performance.now() - steady);
};
