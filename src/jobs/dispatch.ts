import type pg from "pg";
import { z } from "zod";
import { type Job, jobColumns, jobOf, type JobRow } from "./ledger.ts";
import type { Payload, Queues } from "./queue.ts";
import { releaseReady } from "./release.ts";
import { nightQueue } from "./schedule.ts";

/** The shape of payloads; a job of another shape is left over from another version, and the ledger has its truth. */
const payloadVersion = 1;

const payload = z.looseObject({ version: z.literal(payloadVersion), unit: z.string() });

export const queueOf = (job: Pick<Job, "kind" | "platform">): string =>
  job.kind === "slice" && job.platform !== null ? job.platform : nightQueue;

/** What people see of it on the job board; workers read the job's id and look the rest up. */
const payloadOf = (job: Job): Payload => ({
  version: payloadVersion,
  // The name of old: entries of other versions are read too.
  unit: job.jobId,
  runId: job.runId,
  platform: job.platform,
  accountId: job.accountId,
  account: job.detail.account?.name,
  from: job.from,
  to: job.to,
});

/** The job that an entry of the queue is about, or undefined where this version does not understand the entry. */
export const jobIdOf = (data: unknown): string | undefined => {
  const parsed = payload.safeParse(data);
  return parsed.success ? parsed.data.unit : undefined;
};

const groupByQueue = (jobs: readonly Job[]): Map<string, Job[]> => {
  const groups = new Map<string, Job[]>();
  for (const job of jobs) {
    const group = groups.get(queueOf(job));
    if (group) group.push(job);
    else groups.set(queueOf(job), [job]);
  }
  return groups;
};

/** The job's id as the queue takes it: BullMQ refuses a colon, and an account's id may hold one (X's `<id>:<CUR>`). */
const entryIdOf = ({ jobId }: Job): string => jobId.replaceAll(":", "%3A");

const entryOf = (job: Job) => ({
  name: job.kind,
  data: payloadOf(job),
  opts: { jobId: entryIdOf(job), removeOnComplete: true, removeOnFail: true },
});

/** On Postgres a bulk makes two temporary tables, which cost more than a few jobs added one by one. */
const worthABulk = 8;

/** Puts jobs into their queues; one that is there already is left alone. */
export const enqueue = async (queues: Queues, jobs: readonly Job[]): Promise<void> => {
  for (const [name, group] of groupByQueue(jobs)) {
    const queue = queues.queue(name);
    const entries = group.map(entryOf);
    if (entries.length < worthABulk)
      for (const entry of entries) await queue.add(entry.name, entry.data, entry.opts);
    else
      for (let start = 0; start < entries.length; start += 500)
        await queue.addBulk(entries.slice(start, start + 500));
  }
};

/** Whatever of the night may run now goes into the queues. */
export const advance = async (
  pool: pg.Pool,
  queues: Queues,
  runId: string,
  accountKey: number | null = null,
): Promise<number> => {
  const jobs = await releaseReady(pool, runId, accountKey);
  await enqueue(queues, jobs);
  return jobs.length;
};

/**
 * Puts back into the queues what the ledger says is there and the queue does not know: a Redis that was emptied, a
 * process that ended between the two. The number of jobs put back.
 */
export const mendQueues = async (pool: pg.Pool, queues: Queues, quietMs: number): Promise<number> => {
  const { rows } = await pool.query<JobRow>(
    `select ${jobColumns} from ops.job j
     where j.state in ('queued', 'running', 'deferred')
       and j.changed_at < clock_timestamp() - make_interval(secs => $1)
       and (j.state <> 'running' or j.lease_until < clock_timestamp())
     order by j.changed_at limit 2000`,
    [quietMs / 1_000],
  );
  const lost: Job[] = [];
  for (const job of rows.map(jobOf)) {
    const queue = queues.queue(queueOf(job));
    const state = await queue.getJobState(entryIdOf(job));
    if (state === "failed" || state === "completed") await queue.remove(entryIdOf(job));
    if (state === "unknown" || state === "failed" || state === "completed") lost.push(job);
  }
  await enqueue(queues, lost);
  return lost.length;
};
