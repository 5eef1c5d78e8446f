import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { Logger } from "pino";
import type { Connector } from "../connectors/connector.ts";
import { type Failure, failureRules } from "../domain/failure.ts";
import { retries } from "../domain/retry.ts";
import { rollUpAccount } from "../metrics/rollup/rollup.ts";
import { type Run, windowKey } from "../warehouse/runs.ts";
import type { Plan } from "./plan.ts";
import { runSlice, skipSlice, type Slice, type SliceResult } from "./slice.ts";

/** Callbacks for the progress display. */
export interface SyncEvents {
  readonly onPlanned?: (connector: Connector, slices: number) => void;
  readonly onRows?: (connector: Connector, rows: number) => void;
  readonly onSlice?: (result: SliceResult) => void;
}

export interface SyncOptions extends SyncEvents {
  readonly pool: pg.Pool;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly run: Run;
  readonly reportingCurrency: string | null;
  /** Whether the configuration names the account. */
  readonly isNamed: (slice: Slice) => boolean;
  /** The clock; absent: the machine's. */
  readonly now?: () => Date;
  /** That of the rollups; absent: the database's. */
  readonly clock?: (() => Date) | undefined;
}

/**
 * More slices than requests may be under way: while one loads, another one's request uses the free slot. The limits
 * of the connector hold for the requests themselves.
 */
const slicesAtOnce = (connector: Connector): number => connector.concurrency.platform + 3;

/** What a failure has stopped for the rest of this run. */
interface Stops {
  platform: Failure | undefined;
  readonly accounts: Map<string, Failure>;
}

const noteStop = (stops: Stops, slice: Slice, failure: Failure): void => {
  const reach = failure.scope;
  if (reach === "platform") stops.platform ??= failure;
  else if (reach === "account") stops.accounts.set(slice.account.id, failure);
};

/** Works through one platform's slices, each account with at most as many at once as the platform allows. */
const syncPlatform = async (
  options: SyncOptions,
  connector: Connector,
  plan: Plan,
): Promise<readonly SliceResult[]> => {
  const { pool, log, signal, run } = options;
  const pending = plan.slices.filter(
    (slice) => !run.alreadyDone.has(windowKey(connector.platform, slice.account.id, slice)),
  );
  options.onPlanned?.(connector, pending.length);
  const stops: Stops = { platform: undefined, accounts: new Map() };
  const results: SliceResult[] = [];
  const running = new Map<string, number>();
  const left = new Map<number, number>();
  for (const slice of pending) left.set(slice.accountKey, (left.get(slice.accountKey) ?? 0) + 1);

  const next = (): Slice | undefined => {
    const place = pending.findIndex(
      ({ account }) => (running.get(account.id) ?? 0) < connector.concurrency.account,
    );
    return place < 0 ? undefined : pending.splice(place, 1)[0];
  };

  const load = async (slice: Slice): Promise<SliceResult> => {
    for (let attempt = 1; ; attempt += 1) {
      const stop = stops.platform ?? stops.accounts.get(slice.account.id);
      if (stop) return skipSlice(slice, stop, { pool, runId: run.id, named: options.isNamed(slice) });
      const result = await runSlice(slice, {
        pool,
        connector,
        log,
        signal,
        runId: run.id,
        attempt,
        named: options.isNamed(slice),
        onRows: (rows) => options.onRows?.(connector, rows),
        ...(options.now && { now: options.now }),
      });
      const { failure } = result;
      if (!failure || result.outcome === "cancelled") return result;
      noteStop(stops, slice, failure);
      if (
        !failureRules[failure.kind].retries ||
        failure.kind === "busy" ||
        attempt >= retries.watchedSlice.attempts
      )
        return result;
      await sleep(retries.watchedSlice.delayMs, undefined, { signal }).catch(() => undefined);
    }
  };

  const work = async (): Promise<void> => {
    while (!signal.aborted) {
      const slice = next();
      if (!slice) {
        if (pending.length === 0) return;
        // What is left belongs to accounts that are busy: wait until one of them is done.
        await Promise.race(active);
        continue;
      }
      const { id } = slice.account;
      running.set(id, (running.get(id) ?? 0) + 1);
      const task = load(slice).finally(() => {
        running.set(id, (running.get(id) ?? 1) - 1);
        active.delete(task);
      });
      active.add(task);
      const result = await task;
      results.push(result);
      options.onSlice?.(result);
      const remaining = (left.get(slice.accountKey) ?? 1) - 1;
      left.set(slice.accountKey, remaining);
      if (remaining === 0 && !signal.aborted)
        await rollUpAccount(
          { pool, reportingCurrency: options.reportingCurrency, signal, clock: options.clock },
          slice.accountKey,
        );
    }
  };
  const active = new Set<Promise<SliceResult>>();
  await Promise.all(Array.from({ length: slicesAtOnce(connector) }, work));
  return results;
};

/** Syncs several platforms side by side, and rolls up each account after its slices; a platform that fails holds up no other. */
export const syncPlans = async (
  options: SyncOptions,
  plans: readonly { readonly connector: Connector; readonly plan: Plan }[],
): Promise<readonly SliceResult[]> => {
  // Every request under way listens to it; Node warns of a leak from the eleventh on.
  setMaxListeners(0, options.signal);
  const results = await Promise.all(
    plans.map(async ({ connector, plan }) => syncPlatform(options, connector, plan)),
  );
  options.signal.throwIfAborted();
  return results.flat();
};
