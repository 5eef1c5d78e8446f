import type { App } from "../../app.ts";
import { namesAccount } from "../../connectors/account-ids.ts";
import { addDays, dayAt, type DayRange } from "../../domain/day.ts";
import type { Platform } from "../../domain/platform.ts";
import { storeCountingRules } from "../../metrics/counting.ts";
import { refreshReportingRates } from "../../metrics/reporting-currency.ts";
import type { StreamResult } from "../../sources/pull.ts";
import { alertAfterRollup } from "../../sync/after-rollup.ts";
import { noteSources } from "../../sync/sources.ts";
import { afterSlices } from "../../sync/after-slices.ts";
import type { Ga4Result } from "../../sync/ga4.ts";
import { type Plan, type PlanFailure, planPlatform } from "../../sync/plan.ts";
import type { SliceResult } from "../../sync/slice.ts";
import { drainPlans, type SyncEvents } from "../../sync/watched.ts";
import { migrate } from "../../warehouse/migrate.ts";
import { startRun } from "../../warehouse/runs.ts";
import {
  askedAccounts,
  selectedPlatforms,
  selectedSources,
  type SelectionOptions,
  unknownAccount,
} from "../selection.ts";

export interface SyncCommandOptions extends SelectionOptions {
  readonly maxWait?: number;
  readonly full?: boolean;
  readonly acceptRemovals?: boolean;
  /** When the rollups see what they see; absent: by the database's clock. For past nights that are played through. */
  readonly clock?: () => Date;
}

/** What one sync did. */
export interface SyncSummary {
  /** Of GA4's properties, where any are configured. */
  readonly ga4: readonly Ga4Result[];
  /** Of the streams of sources, where any are meant. */
  readonly sources: readonly StreamResult[];
  readonly results: readonly SliceResult[];
  readonly failures: readonly PlanFailure[];
  /** Every account that was meant; one that needed nothing any more has no slice. */
  readonly accounts: readonly {
    readonly platform: Platform;
    readonly accountId: string;
    /** A person paused it: nothing was asked of it. */
    readonly paused: boolean;
  }[];
}

/** One sync from discovery to rollup, in this process. Resumes one that was cut off. */
export const runSync = async (
  app: App,
  options: SyncCommandOptions,
  events: SyncEvents = {},
): Promise<SyncSummary> => {
  const { config, log, signal, database } = app;
  const { pool } = database;
  const platforms = selectedPlatforms(config, options);
  const asked = askedAccounts(config, platforms, options);
  const sourceNames = selectedSources(config, options);
  const now = app.now();
  const reportingCurrency = config.reportingCurrency ?? null;
  await migrate(database);

  const plans = await Promise.all(
    platforms.map(async (platform) => {
      const connector = await app.connector(platform);
      const plan = await planPlatform({
        pool,
        connector,
        log,
        signal,
        now,
        named: config.connectors[platform]?.accounts,
        asked: asked(platform),
        range: { from: options.from, to: options.to },
        lookbackDays: config.connectors[platform]?.lookbackDays ?? config.lookbackDays,
      });
      await storeCountingRules(pool, platform, config.connectors);
      return { platform, connector, plan };
    }),
  );
  refuseUnknownAccounts(options, plans);

  const windows = plans.flatMap(({ plan }) =>
    plan.slices.map(({ account, from, to }) => `${account.platform} ${account.id} ${from} ${to}`),
  );
  const meant = [...windows, ...sourceNames.map((name) => `source ${name}`)];
  const run = await startRun(pool, "sync", meant.sort().join("\n"));
  let outcome: "done" | "failed" | "interrupted" = "interrupted";
  try {
    const earliest = plans.flatMap(({ plan }) => plan.slices.map(({ from }) => from)).sort()[0];
    await refreshReportingRates({
      pool,
      reportingCurrency,
      endpoint: config.rates.endpoint,
      from: earliest ?? addDays(dayAt(now, "UTC"), -30),
      now,
      log,
      signal,
    });
    await noteSources(pool, config);
    const { results, sources, rollups } = await drainPlans({
      ...app,
      clock: options.clock,
      run,
      plans,
      sourceNames,
      events,
      sources: { full: options.full, range: rangeOf(options), acceptRemovals: options.acceptRemovals },
    });
    signal.throwIfAborted();
    const ga4 = await afterSlices({
      database,
      config,
      log,
      signal,
      now: app.now,
      clock: options.clock,
      platforms,
      from: earliest,
      // GA4 belongs to no platform: it is pulled where the sync is about all of them.
      ga4:
        options.platform === undefined && options.account === undefined && options.source === undefined
          ? rangeOf(options)
          : undefined,
      afterRollup: () => alertAfterRollup({ db: database.db, config, now: app.now(), log }),
    });
    const failures = [...plans.flatMap(({ plan }) => plan.failures), ...rollups];
    outcome =
      failures.length > 0 ||
      results.some((result) => result.outcome === "failed") ||
      [...ga4, ...sources].some(({ failure }) => failure !== null)
        ? "failed"
        : "done";
    const accounts = plans.flatMap(({ platform, plan }) =>
      plan.accountIds.map((accountId) => ({
        platform,
        accountId,
        paused: plan.paused.includes(accountId),
      })),
    );
    return { results, failures, accounts, ga4, sources };
  } finally {
    await run.finish(outcome);
  }
};

const rangeOf = ({ from, to }: SelectionOptions): Partial<DayRange> => ({
  ...(from !== undefined && { from }),
  ...(to !== undefined && { to }),
});

/** Where every account is meant, an id can only be known to be wrong once discovery has answered. */
const refuseUnknownAccounts = (
  { account: asked = [] }: SelectionOptions,
  plans: readonly { readonly platform: Platform; readonly plan: Plan }[],
): void => {
  const isKnown = (id: string) =>
    plans.some(({ platform, plan }) =>
      plan.accountIds.some((accountId) => namesAccount(platform, id, accountId)),
    );
  const discoveryFailed = plans.some(({ plan }) => plan.failures.some(({ accountId }) => accountId === ""));
  const unknown = asked.find((id) => !isKnown(id));
  if (unknown !== undefined && !discoveryFailed) throw unknownAccount(unknown);
};
