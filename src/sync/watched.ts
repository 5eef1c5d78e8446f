import type { Logger } from "pino";
import type { Connector } from "../connectors/connector.ts";
import type { Platform } from "../domain/platform.ts";
import type { StreamResult } from "../sources/pull.ts";
import type { Run } from "../warehouse/runs.ts";
import { drainRun } from "./drain.ts";
import { createHand } from "./hand.ts";
import { insertJobs, insertPlan } from "./ledger/add.ts";
import { sourcePlatform } from "./ledger/job.ts";
import { openSlices, reopen } from "./ledger/rest.ts";
import type { Plan, PlanFailure } from "./plan.ts";
import type { SliceResult } from "./slice.ts";
import { isNamedIn, pulls, workBy, type WorkContext } from "./work.ts";

/** Callbacks for the progress display. */
export interface SyncEvents {
  readonly onPlanned?: (connector: Connector, slices: number) => void;
  readonly onRows?: (platform: Platform, rows: number) => void;
  readonly onSlice?: (result: SliceResult) => void;
}

export interface WatchedOptions extends Omit<WorkContext, "onRows"> {
  readonly log: Logger;
  readonly run: Run;
  readonly plans: readonly { readonly connector: Connector; readonly plan: Plan }[];
  readonly sourceNames: readonly string[];
  readonly events: SyncEvents;
}

export interface Drained {
  readonly results: readonly SliceResult[];
  readonly sources: readonly StreamResult[];
  /** Accounts whose figures were not rolled up, or not all of them. */
  readonly rollups: readonly PlanFailure[];
}

/**
 * More slices than requests may be under way: while one loads, another one's request uses the free slot. The limits
 * of the connector hold for the requests themselves.
 */
const slicesAtOnce = (requestsAtOnce: number): number => requestsAtOnce + 3;

/** How long a job stays with a sync that says nothing. */
const watchedLeaseSeconds = 30;

/** Puts what was planned into the ledger and works through it; a run that is gone on with does what it lacks. */
export const drainPlans = async (options: WatchedOptions): Promise<Drained> => {
  const { config, log, signal, run, plans, sourceNames, events } = options;
  const { pool } = options.database;
  if (run.continued) await reopen(pool, run.id);
  for (const { plan } of plans) await insertPlan(pool, run.id, { slices: plan.slices, failures: [] });
  await insertJobs(
    pool,
    run.id,
    sourceNames.map((name) => ({ kind: "source", platform: sourcePlatform, accountId: name })),
  );
  const open = await openSlices(pool, run.id);
  for (const { connector } of plans) events.onPlanned?.(connector, open.get(connector.platform) ?? 0);
  const results: SliceResult[] = [];
  const sources: StreamResult[] = [];
  const rollups: PlanFailure[] = [];
  const hand = createHand({
    pool,
    log,
    work: workBy(pulls, { ...options, onRows: (platform, rows) => events.onRows?.(platform, rows) }),
    isNamed: isNamedIn(config),
    leaseSeconds: watchedLeaseSeconds,
  });
  await drainRun({
    pool,
    hand,
    runId: run.id,
    signal,
    lanes: [
      ...plans.map(({ connector: { platform, concurrency } }) => ({
        platform,
        hands: slicesAtOnce(concurrency.platform),
        accountAtOnce: concurrency.account,
      })),
      { platform: null, hands: Math.max(1, sourceNames.length), accountAtOnce: 1 },
    ],
    onJob: ({ job, outcome, slice, skipped, streams, failure }) => {
      if (outcome === "retried") return;
      for (const result of [...(slice ? [slice] : []), ...skipped]) {
        results.push(result);
        events.onSlice?.(result);
      }
      sources.push(...(streams ?? []));
      if (failure && outcome === "failed" && job.kind === "rollup" && job.platform !== null)
        rollups.push({ platform: job.platform, accountId: job.accountId ?? "", failure });
    },
  });
  return { results, sources, rollups };
};
