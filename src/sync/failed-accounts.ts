import type pg from "pg";
import type { Connector } from "../connectors/connector.ts";
import { addDays, type Day, type DayRange, dayAt } from "../domain/day.ts";
import type { Failure } from "../domain/failure.ts";
import type { Platform } from "../domain/platform.ts";
import { expectDays, markDays, noteUnfetched } from "../warehouse/account-days.ts";
import { beginSlice, endSlice } from "../warehouse/runs.ts";

/** An account that cannot be synced, or not rolled up. */
export interface PlanFailure {
  readonly platform: Platform;
  readonly accountId: string;
  readonly failure: Failure;
}

interface Asked {
  readonly pool: pg.Pool;
  readonly connector: Connector;
  readonly now: Date;
  readonly range: { readonly from?: Day | undefined; readonly to?: Day | undefined };
  readonly lookbackDays: number | undefined;
}

/** Days that the command asks of an account that discovery did not find, by the clock of Greenwich. */
const rangeUnseen = ({ connector, now, range, lookbackDays }: Asked): DayRange => {
  const to = range.to ?? addDays(dayAt(now, "UTC"), -1);
  const depth =
    lookbackDays ?? connector.restatement({ clickWindowDays: [], viewWindowDays: [] }).nightlyDays;
  return { from: range.from ?? addDays(to, 1 - depth), to };
};

/**
 * Accounts that nothing can be pulled of, each with why: their days stand as failed (or, where the platform was not
 * even asked, as not fetched), never as zero, and the failure is the last outcome that is known of them.
 */
export const failAccounts = async (
  asked: Asked,
  accountIds: readonly string[],
  failureOf: (accountId: string) => Failure,
  state: "failed" | "not_fetched" = "failed",
): Promise<readonly PlanFailure[]> => {
  const { pool, connector } = asked;
  const { platform } = connector;
  const failures: PlanFailure[] = [];
  for (const accountId of accountIds) {
    const failure = failureOf(accountId);
    const days = { platform, accountId, ...rangeUnseen(asked) };
    await expectDays(pool, [days]);
    // A limit says nothing about the days: they stay as they were until the platform answers again.
    if (failure.kind !== "busy" && state === "failed") await markDays(pool, days, "failed", failure.message);
    const sliceId = await beginSlice(pool, { ...days, runId: null, attempts: 1 });
    await endSlice(pool, sliceId, {
      outcome: "failed",
      failureKind: failure.kind,
      failure: failure.message,
      remedy: failure.remedy,
    });
    failures.push({ platform, accountId, failure });
  }
  return failures;
};

/** Closed accounts that the platform no longer lists: their history is kept, and nothing of them is missing. */
export const closeAccounts = async (asked: Asked, accountIds: readonly string[]): Promise<void> => {
  for (const accountId of accountIds) {
    const days = { platform: asked.connector.platform, accountId, ...rangeUnseen(asked) };
    await expectDays(asked.pool, [days]);
    await markDays(asked.pool, days, "account_closed", "the account is closed and no longer listed");
  }
};

/** Accounts that a person paused: nothing is asked of them, and the days that pass are known not to be fetched. */
export const passOver = async (asked: Asked, accountIds: readonly string[]): Promise<void> => {
  for (const accountId of accountIds) {
    const days = { platform: asked.connector.platform, accountId, ...rangeUnseen(asked) };
    await expectDays(asked.pool, [days]);
    await noteUnfetched(asked.pool, days, "the account is paused");
  }
};
