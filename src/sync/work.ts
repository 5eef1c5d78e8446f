import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { isNamed } from "../connectors/account-ids.ts";
import type { Connector } from "../connectors/connector.ts";
import { asFailure, Failure, failureRules } from "../domain/failure.ts";
import type { Platform } from "../domain/platform.ts";
import { rollUpAccount } from "../metrics/rollup/rollup.ts";
import { pullSource, type StreamResult } from "../sources/pull.ts";
import type { Database } from "../warehouse/database.ts";
import { type Job, type JobKind, sliceOf } from "./ledger/job.ts";
import { runSlice, type Slice, type SliceResult } from "./slice.ts";
import { pullOptions, type SourceWish } from "./sources.ts";

/** What jobs work with. */
export interface WorkContext {
  readonly database: Database;
  readonly config: Config;
  readonly connector: (platform: Platform) => Promise<Connector>;
  readonly now: () => Date;
  /** That of the rollups; absent: the database's. */
  readonly clock?: (() => Date) | undefined;
  /** Aborted when what is under way must stop at once. */
  readonly signal: AbortSignal;
  /** Rows as they are read, for a progress display. */
  readonly onRows?: (platform: Platform, rows: number) => void;
  /** What somebody asked of the sources; absent: the usual. */
  readonly sources?: SourceWish;
}

export interface JobResult {
  /** Absent: done. */
  readonly failure?: Failure;
  readonly rowsRead?: number;
  readonly rowsWritten?: number;
  /** Of a slice. */
  readonly slice?: SliceResult;
  /** Of a source: what each stream came to. */
  readonly streams?: readonly StreamResult[];
}

export interface JobAsk {
  readonly job: Job;
  readonly log: Logger;
  /** The number of this attempt, from 1. */
  readonly attempt: number;
}

export type JobWork<Context> = (context: Context, ask: JobAsk) => Promise<JobResult>;

/** An entry of the ledger that lacks what its kind of work needs. */
export const unreadable = (message: string): Failure =>
  new Failure({
    kind: "data",
    message,
    remedy: "you need do nothing: another version wrote it, and the next night plans it again",
  });

/** Whether the configuration names the slice's account. */
export const isNamedIn =
  ({ connectors }: Pick<Config, "connectors">) =>
  ({ account: { platform, id } }: Pick<Slice, "account">): boolean =>
    isNamed(platform, connectors[platform]?.accounts, id);

const slice: JobWork<WorkContext> = async (context, { job, log, attempt }) => {
  const { database, signal, onRows } = context;
  const wanted = sliceOf(job);
  if (!wanted) return { failure: unreadable("the slice's entry names no account or window") };
  const { platform } = wanted.account;
  const result = await runSlice(wanted, {
    pool: database.pool,
    connector: await context.connector(platform),
    log,
    signal,
    runId: job.runId,
    attempt,
    named: isNamedIn(context.config)(wanted),
    now: context.now,
    ...(onRows && { onRows: (rows) => onRows(platform, rows) }),
  });
  const { failure, rowsRead, rowsWritten } = result;
  return {
    rowsRead,
    rowsWritten,
    slice: result,
    ...(failure && result.outcome !== "closed" ? { failure } : {}),
  };
};

const rollup: JobWork<WorkContext> = async (context, { job, log }) => {
  // Planned from an account's slices, it always has one.
  if (job.accountKey === null) return {};
  const failures: Failure[] = [];
  const rowsWritten = await rollUpAccount(
    {
      pool: context.database.pool,
      reportingCurrency: context.config.reportingCurrency ?? null,
      signal: context.signal,
      clock: context.clock,
      onUnfit: (failure) => failures.push(failure),
    },
    job.accountKey,
  );
  log.info({ platform: job.platform, account: job.accountId, written: rowsWritten }, "account rolled up");
  return { rowsWritten, ...(failures[0] && { failure: failures[0] }) };
};

/** Pulls a source; the worst of its streams decides what comes next, and what was loaded stays loaded. */
const source: JobWork<WorkContext> = async (context, { job, log }) => {
  const name = job.accountId ?? "";
  // A restart may have taken it out of the config meanwhile.
  if (context.config.sources[name]?.enabled !== true) return {};
  const streams = await pullSource(pullOptions({ ...context, ...context.sources, log }, name));
  const failures = streams.flatMap(({ failure }) => failure ?? []);
  const failure = failures.find(({ kind }) => !failureRules[kind].retries) ?? failures[0];
  return {
    streams,
    rowsRead: streams.reduce((sum, { rowsRead }) => sum + rowsRead, 0),
    rowsWritten: streams.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0),
    ...(failure === undefined ? {} : { failure }),
  };
};

/** What a night and a watched sync both do. */
export const pulls = { slice, rollup, source } as const satisfies Partial<
  Record<JobKind, JobWork<WorkContext>>
>;

/** Does a job by the kinds that are known. Never throws. */
export const workBy =
  <Context extends WorkContext>(
    kinds: Partial<Readonly<Record<JobKind, JobWork<Context>>>>,
    context: Context,
  ) =>
  async (ask: JobAsk): Promise<JobResult> => {
    try {
      const work = kinds[ask.job.kind];
      return work ? await work(context, ask) : { failure: unreadable(`nobody here does a ${ask.job.kind}`) };
    } catch (error) {
      return { failure: asFailure(context.signal.aborted ? context.signal.reason : error) };
    }
  };
