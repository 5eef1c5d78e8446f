import type { Logger } from "pino";
import type { Config } from "../config.ts";
import type { Connector } from "../connectors/connector.ts";
import { isNamed } from "../connectors/account-ids.ts";
import { configuredPlatforms } from "../connectors/registry.ts";
import { addDays, dayAt } from "../domain/day.ts";
import { asFailure, Failure, failureRules } from "../domain/failure.ts";
import type { Platform } from "../domain/platform.ts";
import { storeCountingRules } from "../metrics/counting.ts";
import { refreshReportingRates } from "../metrics/reporting-currency.ts";
import { rollUpAccount } from "../metrics/rollup/rollup.ts";
import { pullSource, type StreamResult } from "../sources/pull.ts";
import type { Database } from "../warehouse/database.ts";
import { afterSlices } from "../sync/after-slices.ts";
import { insertPlan, sliceOf, type Job } from "./ledger.ts";
import { endNight, summarizeNight } from "./night.ts";
import { planPlatform } from "../sync/plan.ts";
import { runSlice } from "../sync/slice.ts";
import { pullOptions } from "./sources.ts";

/** What the jobs of a night work with. */
export interface JobContext {
  readonly database: Database;
  readonly config: Config;
  readonly connector: (platform: Platform) => Promise<Connector>;
  readonly now: () => Date;
  /** Aborted when what is under way must stop at once. */
  readonly signal: AbortSignal;
  /** Called when a night's figures are rolled up: alerts. */
  readonly afterRollup: (log: Logger) => Promise<void>;
}

export interface JobResult {
  /** Absent: done. */
  readonly failure?: Failure;
  readonly rowsRead?: number;
  readonly rowsWritten?: number;
  /** Of a source: what each stream came to. */
  readonly streams?: readonly StreamResult[];
}

interface Ask {
  readonly job: Job;
  readonly log: Logger;
  /** The number of this attempt, from 1. */
  readonly attempt: number;
}

/** An entry of the ledger that lacks what its kind of work needs. */
const unreadable = (message: string): Failure =>
  new Failure({
    kind: "data",
    message,
    remedy: "you need do nothing: another version wrote it, and the next night plans it again",
  });

/** Cuts the night of one platform into slices. */
const plan = async (context: JobContext, { job, log }: Ask): Promise<JobResult> => {
  const { database, config, signal } = context;
  const { platform } = job;
  if (platform === null) return { failure: unreadable("the plan's entry names no platform") };
  const settings = config.connectors[platform];
  const connector = await context.connector(platform);
  const made = await planPlatform({
    pool: database.pool,
    connector,
    log,
    signal,
    now: context.now(),
    named: settings?.accounts,
    range: {},
    lookbackDays: settings?.lookbackDays ?? config.lookbackDays,
  });
  const first = made.failures[0]?.failure;
  // Where discovery itself failed there is nothing yet to be without: the whole plan is made again.
  if (first && made.slices.length === 0 && failureRules[first.kind].retries) return { failure: first };
  await storeCountingRules(database.pool, platform, config.connectors);
  await insertPlan(database.pool, job.runId, {
    slices: made.slices,
    failures: made.failures,
    accountAtOnce: connector.concurrency.account,
  });
  log.info({ platform, slices: made.slices.length, failures: made.failures.length }, "platform planned");
  return {};
};

const rates = async (context: JobContext, { job, log }: Ask): Promise<JobResult> => {
  const { database, config, signal } = context;
  const { rows } = await database.pool.query<{ from: string | null }>(
    "select min(from_date) as from from ops.job where run_id = $1",
    [job.runId],
  );
  const now = context.now();
  await refreshReportingRates({
    db: database.db,
    reportingCurrency: config.reportingCurrency ?? null,
    endpoint: config.rates.endpoint,
    from: rows[0]?.from ?? addDays(dayAt(now, "UTC"), -30),
    now,
    log,
    signal,
  });
  return {};
};

const slice = async (context: JobContext, { job, log, attempt }: Ask): Promise<JobResult> => {
  const { database, signal } = context;
  const wanted = sliceOf(job);
  if (!wanted) return { failure: unreadable("the slice's entry names no account or window") };
  const { platform, id } = wanted.account;
  const result = await runSlice(wanted, {
    pool: database.pool,
    connector: await context.connector(platform),
    log,
    signal,
    runId: job.runId,
    attempt,
    named: isNamed(platform, context.config.connectors[platform]?.accounts, id),
    now: context.now,
  });
  const { failure, rowsRead, rowsWritten } = result;
  return {
    rowsRead,
    rowsWritten,
    ...(failure && result.outcome !== "closed" ? { failure } : {}),
  };
};

const rollup = async (context: JobContext, { job, log }: Ask): Promise<JobResult> => {
  // Planned from an account's slices, it always has one.
  if (job.accountKey === null) return {};
  const rowsWritten = await rollUpAccount(
    {
      pool: context.database.pool,
      reportingCurrency: context.config.reportingCurrency ?? null,
      signal: context.signal,
    },
    job.accountKey,
  );
  log.info({ platform: job.platform, account: job.accountId, written: rowsWritten }, "account rolled up");
  return { rowsWritten };
};

/** What follows the slices, and the sum of the night. */
const close = async (context: JobContext, { job, log }: Ask): Promise<JobResult> => {
  const { database, config, signal } = context;
  const { pool } = database;
  const ga4 = await afterSlices({
    database,
    config,
    log,
    signal,
    now: context.now,
    platforms: configuredPlatforms(config.connectors),
    ga4: "usual",
    afterRollup: context.afterRollup,
  });
  const report = await summarizeNight(pool, job.runId);
  const lacking = ga4.filter(({ failure }) => failure !== null);
  await endNight(pool, job.runId, report.failed > 0 || lacking.length > 0 ? "failed" : "done");
  for (const { property, failure } of lacking)
    log.error(
      { platform: "ga4", account: property, failure: failure?.message, remedy: failure?.remedy },
      "missing after the night",
    );
  for (const { platform, account_id, failure, remedy, slices } of report.missing)
    log.error({ platform, account: account_id, slices, failure, remedy }, "missing after the night");
  log.info({ done: report.done, failed: report.failed }, "night ended");
  return {};
};

/** Pulls a source; the worst of its streams decides what comes next, and what was loaded stays loaded. */
const source = async (context: JobContext, { job, log }: Ask): Promise<JobResult> => {
  const name = job.accountId ?? "";
  // A restart may have taken it out of the config meanwhile.
  if (context.config.sources[name]?.enabled !== true) return {};
  const streams = await pullSource(pullOptions({ ...context, log }, name));
  const failures = streams.flatMap(({ failure }) => failure ?? []);
  const failure = failures.find(({ kind }) => !failureRules[kind].retries) ?? failures[0];
  return {
    streams,
    rowsRead: streams.reduce((sum, { rowsRead }) => sum + rowsRead, 0),
    rowsWritten: streams.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0),
    ...(failure === undefined ? {} : { failure }),
  };
};

const kinds = { plan, rates, slice, source, rollup, close } as const;

/** Does one job. Never throws. */
export const runJob = async (context: JobContext, ask: Ask): Promise<JobResult> => {
  try {
    return await kinds[ask.job.kind](context, ask);
  } catch (error) {
    return { failure: context.signal.aborted ? asFailure(context.signal.reason) : asFailure(error) };
  }
};
