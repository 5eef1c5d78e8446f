import type { Platform } from "../../domain/platform.ts";
import type { SyncSummary } from "./run.ts";

/** An account that is missing something, whichever way. */
interface AccountOutcome {
  readonly platform: Platform;
  readonly account_id: string;
  readonly outcome: "done" | "failed" | "closed" | "paused";
  readonly failure: string | null;
}

/** The worst that happened to each account, with what to do about it. */
export const worstByAccount = ({ results, failures, accounts }: SyncSummary) => {
  const worst = new Map<string, AccountOutcome & { remedy: string }>();
  for (const { slice, outcome, failure } of results) {
    const { platform, id } = slice.account;
    const key = `${platform} ${id}`;
    if (worst.get(key)?.outcome === "failed" || (worst.has(key) && outcome === "done")) continue;
    worst.set(key, {
      platform,
      account_id: id,
      outcome: outcome === "cancelled" ? "failed" : outcome,
      failure: failure?.message ?? null,
      remedy: failure?.remedy ?? "",
    });
  }
  for (const { platform, accountId, failure } of failures)
    worst.set(`${platform} ${accountId}`, {
      platform,
      account_id: accountId,
      outcome: "failed",
      failure: failure.message,
      remedy: failure.remedy,
    });
  for (const { platform, accountId, paused } of accounts) {
    const key = `${platform} ${accountId}`;
    const outcome = paused ? "paused" : "done";
    if (!worst.has(key))
      worst.set(key, { platform, account_id: accountId, outcome, failure: null, remedy: "" });
  }
  return [...worst.values()];
};
