import * as z from "zod";
import { WebProblem } from "../failures.ts";
import type { FailedJob } from "./health-answers.ts";
import { storableText } from "./query.ts";

/** What was given up, and a way to put it back to work: given by whoever holds the queue. */
export interface Jobs {
  failed(): Promise<readonly FailedJob[]>;
  /** @param jobId null: all of them. The ids that were put back. */
  retry(jobId: string | null): Promise<readonly string[]>;
}

export const retryBody = z.union(
  [z.strictObject({ job: storableText(400).min(1) }), z.strictObject({ all: z.literal(true) })],
  { error: 'is neither {"job": "..."} nor {"all": true}' },
);

/** Puts one job, or all that were given up, back to work. */
export const retry = async (
  jobs: Jobs | undefined,
  body: z.infer<typeof retryBody>,
): Promise<{ readonly jobs: readonly string[] }> => {
  if (jobs === undefined)
    throw new WebProblem(
      409,
      "this process has no queue to put jobs into",
      "ask the dashboard of costper start, or run costper jobs retry",
    );
  const done = await jobs.retry("job" in body ? body.job : null);
  if ("job" in body && done.length === 0)
    throw new WebProblem(
      404,
      "no such job was given up",
      "somebody may have put it back already: reload the page",
    );
  return { jobs: done };
};
