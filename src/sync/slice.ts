import type pg from "pg";
import type { Logger } from "pino";
import type { Connector } from "../connectors/connector.ts";
import type { DayRange } from "../domain/day.ts";
import type { Account } from "../domain/facts.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import { markDays } from "../warehouse/account-days.ts";
import { loadApart } from "../warehouse/load/load-apart.ts";
import { beginSlice, endSlice } from "../warehouse/runs.ts";
import { keepClicks } from "./clicks.ts";

/** One account x one window of its days. */
export interface Slice extends DayRange {
  readonly account: Account;
  readonly accountKey: number;
  /** Names and states are listed with one slice per account and run. */
  readonly withEntities: boolean;
}

/** The result of a slice. */
export interface SliceResult {
  readonly slice: Slice;
  /** `closed`: the platform no longer answers for an account that it calls closed; no failure. */
  readonly outcome: "done" | "failed" | "closed" | "cancelled";
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly ms: number;
  readonly failure?: Failure;
}

export interface SliceWork {
  readonly pool: pg.Pool;
  readonly connector: Connector;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly runId: string | null;
  readonly attempt?: number;
  /** Whether the configuration names the account: then a closed one is a failure too. */
  readonly named: boolean;
  readonly onRows?: (rows: number) => void;
  /** The clock; absent: the machine's. */
  readonly now?: () => Date;
}

const failedDaysSentence = (
  days: readonly { date: string; platform_spend: string; fetched_spend: string; problem: string | null }[],
): string =>
  days
    .slice(0, 3)
    .map(({ date, problem, platform_spend: platform, fetched_spend: fetched }) =>
      Number(platform) === Number(fetched)
        ? `${date}: ${problem ?? ""}`
        : `${date}: ${problem ?? ""} (${platform} against ${fetched})`,
    )
    .join("; ") + (days.length > 3 ? `; and ${String(days.length - 3)} more days` : "");

const asFailureOfDays = ({ account }: Slice, sentence: string): Failure =>
  new Failure({
    kind: "data",
    platform: account.platform,
    accountId: account.id,
    message: sentence,
    remedy:
      "those days were not published, the others were; the next sync asks for them again, and a figure that is wrong at the platform has to be put right there",
  });

/** Whether the platform calls the account closed. Unless the configuration names it, that is no failure. */
const isClosed = ({ account }: Slice, failure: Failure): boolean =>
  failure.kind === "account" && (failure.closed || !account.active);

/** Records a slice that was not tried, because the failure of another slice stops it too. */
export const skipSlice = async (
  slice: Slice,
  failure: Failure,
  { pool, runId, named }: Pick<SliceWork, "pool" | "runId" | "named">,
): Promise<SliceResult> => {
  const { account, from, to } = slice;
  const days = { platform: account.platform, accountId: account.id, from, to };
  const sliceId = await beginSlice(pool, { ...days, runId, attempts: 0 });
  await endSlice(pool, sliceId, {
    outcome: "failed",
    failureKind: failure.kind,
    failure: failure.message,
    remedy: failure.remedy,
  });
  const closed = isClosed(slice, failure);
  if (failure.kind !== "busy")
    await markDays(pool, days, closed ? "account_closed" : "failed", failure.message);
  return {
    slice,
    outcome: closed && !named ? "closed" : "failed",
    rowsRead: 0,
    rowsWritten: 0,
    ms: 0,
    failure,
  };
};

/** Pulls and publishes one slice, and records what came of it. Never throws but for a lost database. */
export const runSlice = async (slice: Slice, work: SliceWork): Promise<SliceResult> => {
  const { pool, connector, signal } = work;
  const { account, from, to } = slice;
  const days = { platform: account.platform, accountId: account.id, from, to };
  const started = performance.now();
  const sliceId = await beginSlice(pool, { ...days, runId: work.runId, attempts: work.attempt ?? 1 });
  const log = work.log.child({ platform: account.platform, account: account.id, from, to, slice: sliceId });
  const elapsed = () => Math.round(performance.now() - started);
  try {
    const load = () =>
      loadApart({
        pool,
        connector,
        pull: { account, from, to, signal },
        sliceId,
        accountKey: slice.accountKey,
        withEntities: slice.withEntities,
        now: work.now ?? (() => new Date()),
        ...(work.onRows ? { onRows: work.onRows } : {}),
      });
    let loaded = await load();
    // A figure that moved between two calls makes a day look wrong: asked anew, it adds up.
    if (loaded.failedDays.length > 0) loaded = await load();
    for (const { date, warning } of loaded.oddDays) log.warn({ date, cause: warning }, "published, but odd");
    for (const { breakdown, failure } of loaded.lackingBreakdowns)
      log.warn(
        { breakdown, kind: failure.kind, failure: failure.message, remedy: failure.remedy },
        "breakdown is missing; all else was published",
      );
    const unreconciled = loaded.failedDays.length > 0;
    const failure = unreconciled ? asFailureOfDays(slice, failedDaysSentence(loaded.failedDays)) : undefined;
    await endSlice(pool, sliceId, {
      outcome: unreconciled ? "failed" : "done",
      rowsRead: loaded.rowsRead,
      rowsWritten: loaded.rowsWritten,
      platformSpend: loaded.platformSpend,
      ourSpend: loaded.ourSpend,
      ...(failure ? { failureKind: failure.kind, failure: failure.message, remedy: failure.remedy } : {}),
    });
    await keepClicks(slice, { pool, connector, log, signal, now: work.now?.() ?? new Date() });
    const { rowsRead, rowsWritten } = loaded;
    const ms = elapsed();
    log[unreconciled ? "error" : "info"](
      { rows: rowsRead, written: rowsWritten, ms, ...(failure ? { failure: failure.message } : {}) },
      unreconciled ? "slice does not add up" : "slice loaded",
    );
    return {
      slice,
      outcome: unreconciled ? "failed" : "done",
      rowsRead,
      rowsWritten,
      ms,
      ...(failure ? { failure } : {}),
    };
  } catch (error) {
    const failure = signal.aborted ? asFailure(signal.reason) : asFailure(error);
    const cancelled = signal.aborted || failure.kind === "cancelled";
    const closed = !cancelled && isClosed(slice, failure);
    const outcome = cancelled ? "cancelled" : closed && !work.named ? "closed" : "failed";
    await endSlice(pool, sliceId, {
      outcome: outcome === "closed" ? "failed" : outcome,
      failureKind: failure.kind,
      failure: failure.message,
      remedy: failure.remedy,
    });
    // A limit says nothing about the days: they stay as they were until the platform answers again.
    if (!cancelled && failure.kind !== "busy")
      await markDays(pool, days, closed ? "account_closed" : "failed", failure.message);
    if (closed)
      await pool.query(
        "update warehouse.account set is_active = false where account_key = $1 and is_active",
        [slice.accountKey],
      );
    const fields = { kind: failure.kind, code: failure.code, failure: failure.message, ms: elapsed() };
    if (cancelled) log.info(fields, "slice put back");
    else if (outcome === "closed") log.warn(fields, "account is closed: its history is kept");
    else log.error(fields, "slice failed");
    return { slice, outcome, rowsRead: 0, rowsWritten: 0, ms: elapsed(), failure };
  }
};
