import type { Command } from "commander";
import { openQueues } from "../jobs/queue.ts";
import { queuePrefix, queueServer } from "../jobs/installation.ts";
import { type ListedJob, listJobs, retryJobs } from "../jobs/retry.ts";
import { migrate } from "../warehouse/migrate.ts";
import { UsageError } from "./errors.ts";
import { examples, type Frame, type Register } from "./frame.ts";

interface ListOptions {
  readonly failed?: boolean;
}

interface RetryOptions {
  readonly all?: boolean;
}

const line = (job: ListedJob): string =>
  [
    job.job_id,
    job.state,
    ...(job.not_before ? [`not before ${job.not_before.toISOString()}`] : []),
    ...(job.failure ? [`${job.failure_kind ?? ""}: ${job.failure}`] : []),
    ...(job.remedy ? [job.remedy] : []),
  ].join("  ");

const list = async (frame: Frame, options: ListOptions): Promise<void> => {
  const { database } = await frame.openApp({ connections: 2 });
  await migrate(database);
  const jobs = await listJobs(database.pool, options.failed ? "failed" : "open");
  if (frame.globals.json) {
    frame.out.json({ jobs });
    return;
  }
  if (jobs.length === 0)
    frame.out.text(options.failed ? "No job was given up in the last thirty days." : "No job waits.");
  for (const job of jobs) frame.out.text(line(job));
};

const retry = async (frame: Frame, options: RetryOptions, id: string | undefined): Promise<void> => {
  if ((id === undefined) === !options.all)
    throw new UsageError("name one job, or say --all", "costper jobs list --failed shows them");
  const config = await frame.loadConfig();
  const app = await frame.openApp({ connections: 4 });
  const { pool } = app.database;
  await migrate(app.database);
  if (id !== undefined) {
    const failed = await listJobs(pool, "failed");
    if (!failed.some((job) => job.job_id === id))
      throw new UsageError(`no job ${id} was given up`, "costper jobs list --failed shows those that were");
  }
  const queues = await openQueues({
    ...queueServer(config, app.databasePlace),
    prefix: await queuePrefix(pool),
    log: frame.log,
  });
  frame.onEnd(() => queues.close());
  const jobs = await retryJobs(pool, queues, id ?? null);
  if (frame.globals.json) frame.out.json({ jobs });
  else frame.out.text(`${String(jobs.length)} put back; workers of costper start take them`);
};

export const register: Register = (command: Command, act) => {
  command.addHelpText(
    "after",
    examples(
      ["costper jobs list --failed", "what was given up, why, and what to do"],
      ["costper jobs retry --all", "tries all of it again"],
    ),
  );
  command
    .command("list")
    .description("List the jobs that wait or are under way, or those that were given up.")
    .option("--failed", "those that were given up in the last thirty days")
    .action(act<ListOptions>(list));
  command
    .command("retry")
    .description("Put jobs that were given up back to work.")
    .argument("[id]", "the job")
    .option("--all", "all of them")
    .action(act<RetryOptions>(retry));
};
