import type pg from "pg";
import { z } from "zod";
import { type Unit, unitColumns, unitOf, type UnitRow } from "./ledger.ts";
import type { JobData, Queues } from "./queue.ts";
import { releaseReady } from "./release.ts";
import { nightQueue } from "./schedule.ts";

/** The shape of payloads; a job of another shape is left over from another version, and the ledger has its truth. */
const payloadVersion = 1;

const payload = z.looseObject({ version: z.literal(payloadVersion), unit: z.string() });

export const queueOf = (unit: Pick<Unit, "kind" | "platform">): string =>
  unit.kind === "slice" && unit.platform !== null ? unit.platform : nightQueue;

/** What people see of it on the job board; workers read the unit's id and look the rest up. */
const payloadOf = (unit: Unit): JobData => ({
  version: payloadVersion,
  unit: unit.jobId,
  runId: unit.runId,
  platform: unit.platform,
  accountId: unit.accountId,
  account: unit.detail.account?.name,
  from: unit.from,
  to: unit.to,
});

/** The unit that a job is about, or undefined where this version does not understand the job. */
export const unitIdOf = (data: unknown): string | undefined => {
  const parsed = payload.safeParse(data);
  return parsed.success ? parsed.data.unit : undefined;
};

const groupByQueue = (units: readonly Unit[]): Map<string, Unit[]> => {
  const groups = new Map<string, Unit[]>();
  for (const unit of units) {
    const group = groups.get(queueOf(unit));
    if (group) group.push(unit);
    else groups.set(queueOf(unit), [unit]);
  }
  return groups;
};

const entryOf = (unit: Unit) => ({
  name: unit.kind,
  data: payloadOf(unit),
  opts: { jobId: unit.jobId, removeOnComplete: true, removeOnFail: true },
});

/** On Postgres a bulk makes two temporary tables, which cost more than a few jobs added one by one. */
const worthABulk = 8;

/** Puts units into their queues; one that is there already is left alone. */
export const enqueue = async (queues: Queues, units: readonly Unit[]): Promise<void> => {
  for (const [name, group] of groupByQueue(units)) {
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
  const units = await releaseReady(pool, runId, accountKey);
  await enqueue(queues, units);
  return units.length;
};

/**
 * Puts back into the queues what the ledger says is there and the queue does not know: a Redis that was emptied, a
 * process that ended between the two. The number of jobs put back.
 */
export const mendQueues = async (pool: pg.Pool, queues: Queues, quietMs: number): Promise<number> => {
  const { rows } = await pool.query<UnitRow>(
    `select ${unitColumns} from ops.job j
     where j.state in ('queued', 'running', 'deferred')
       and j.changed_at < clock_timestamp() - make_interval(secs => $1)
       and (j.state <> 'running' or j.lease_until < clock_timestamp())
     order by j.changed_at limit 2000`,
    [quietMs / 1_000],
  );
  const lost: Unit[] = [];
  for (const unit of rows.map(unitOf)) {
    const queue = queues.queue(queueOf(unit));
    const state = await queue.getJobState(unit.jobId);
    if (state === "failed" || state === "completed") await queue.remove(unit.jobId);
    if (state === "unknown" || state === "failed" || state === "completed") lost.push(unit);
  }
  await enqueue(queues, lost);
  return lost.length;
};
