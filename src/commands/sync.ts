import type { App } from "../app.ts";
import { addDays, dayAt, type DayRange } from "../domain/day.ts";
import { isNamed, namesAccount } from "../connectors/account-ids.ts";
import type { Platform } from "../domain/platform.ts";
import { alertAfterRollup } from "../sync/after-rollup.ts";
import { afterSlices } from "../sync/after-slices.ts";
import type { Ga4Result } from "../sync/ga4.ts";
import { type Plan, type PlanFailure, planPlatform } from "../sync/plan.ts";
import type { Slice, SliceResult } from "../sync/slice.ts";
import { type SyncEvents, syncPlans } from "../sync/drain.ts";
import { enabledSources, pullSources } from "../jobs/sources.ts";
import { noteConfigured } from "../sources/ledger.ts";
import { withoutName } from "../sources/status.ts";
import { storeCountingRules } from "../metrics/counting.ts";
import { refreshReportingRates } from "../metrics/reporting-currency.ts";
import type { StreamResult } from "../sources/pull.ts";
import { migrate } from "../warehouse/migrate.ts";
import { startRun } from "../warehouse/runs.ts";
import { credentialStore } from "./credentials.ts";
import { checkRange } from "./dates.ts";
import { examples, type Frame, type Register } from "./frame.ts";
import { parseWait } from "./parse-wait.ts";
import { createProgress } from "./progress.ts";
import {
  addSelectionOptions,
  askedAccounts,
  refuseUnreached,
  collect,
  selectedPlatforms,
  selectedSources,
  type SelectionOptions,
  unknownAccount,
} from "./selection.ts";

interface SyncCommandOptions extends SelectionOptions {
  readonly maxWait?: number;
  readonly full?: boolean;
  readonly acceptRemovals?: boolean;
}

/** An account that is missing something, whichever way. */
export interface AccountOutcome {
  readonly platform: Platform;
  readonly account_id: string;
  readonly outcome: "done" | "failed" | "closed" | "paused";
  readonly failure: string | null;
}

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

const sliceJson = ({ slice, outcome, rowsRead, rowsWritten, ms, failure }: SliceResult) => ({
  platform: slice.account.platform,
  account_id: slice.account.id,
  from: slice.from,
  to: slice.to,
  outcome,
  rows_read: rowsRead,
  rows_written: rowsWritten,
  ms,
  failure: failure && outcome !== "cancelled" ? failure.message : null,
});

const sourceJson = (result: StreamResult) => ({
  name: result.source,
  type: result.type,
  stream: result.stream,
  outcome: result.outcome,
  rows_read: result.rowsRead,
  rows_written: result.rowsWritten,
  refused: result.refused,
  redacted: Object.values(result.redacted).reduce((sum, count) => sum + count, 0),
  unmapped: Object.values(result.unmapped).reduce((sum, count) => sum + count, 0),
  ms: result.ms,
  failure: result.failure?.message ?? null,
});

/** The worst that happened to each account, with what to do about it. */
const worstByAccount = ({ results, failures, accounts }: SyncSummary) => {
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
      db: database.db,
      reportingCurrency,
      endpoint: config.rates.endpoint,
      from: earliest ?? addDays(dayAt(now, "UTC"), -30),
      now,
      log,
      signal,
    });
    const results = await syncPlans(
      {
        pool,
        log,
        signal,
        run,
        reportingCurrency,
        isNamed: ({ account: { platform, id } }: Slice) =>
          isNamed(platform, config.connectors[platform]?.accounts, id),
        now: app.now,
        ...events,
      },
      plans,
    );
    await noteConfigured(app.database.pool, enabledSources(app.config));
    const sources = await pullSources(
      {
        database,
        config,
        log,
        signal,
        now: app.now,
        full: options.full,
        range: rangeOf(options),
        acceptRemovals: options.acceptRemovals,
      },
      sourceNames,
    );
    signal.throwIfAborted();
    const ga4 = await afterSlices({
      database,
      config,
      log,
      signal,
      now: app.now,
      platforms,
      from: earliest,
      // GA4 belongs to no platform: it is pulled where the sync is about all of them.
      ga4:
        options.platform === undefined && options.account === undefined && options.source === undefined
          ? rangeOf(options)
          : undefined,
      afterRollup: () => alertAfterRollup({ db: database.db, config, now: app.now(), log }),
    });
    const failures = plans.flatMap(({ plan }) => plan.failures);
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

/** Prints the result of the sync, and at the end a line for each account that lacks something. */
export const reportSync = (
  { globals, out, report: shortfall }: Pick<Frame, "globals" | "out" | "report">,
  report: SyncSummary,
): void => {
  const accounts = worstByAccount(report);
  if (globals.json)
    out.json({
      slices: report.results.map(sliceJson),
      accounts: accounts.map(({ platform, account_id, outcome, failure }) => ({
        platform,
        account_id,
        outcome,
        failure,
      })),
      ...(report.sources.length > 0 && { sources: report.sources.map(sourceJson) }),
    });
  for (const { property, failure } of report.ga4)
    if (failure !== null)
      shortfall({ platform: "ga4", accountId: property, what: failure.message, remedy: failure.remedy });
  // One line a source: what stopped it stopped its other streams, too.
  const told = new Set<string>();
  for (const { source, failure } of report.sources)
    if (failure !== null && !told.has(`${source} ${failure.message}`)) {
      told.add(`${source} ${failure.message}`);
      const what = withoutName(failure.message, source);
      shortfall({ platform: "source", accountId: source, what, remedy: failure.remedy });
    }
  for (const { platform, account_id, outcome, failure, remedy } of accounts)
    if (outcome === "failed")
      shortfall({ platform, accountId: account_id, what: failure ?? "interrupted", remedy });
};

const counted = (count: number, noun: string): string =>
  `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

/** How many sources came whole, with their rows, and how many lack something. */
const sumSources = ({ sources }: SyncSummary) => {
  const failing = new Set(sources.flatMap(({ source, failure }) => (failure === null ? [] : [source])));
  const all = new Set(sources.map(({ source }) => source));
  return {
    well: all.size - failing.size,
    failing: failing.size,
    rows: sources.reduce((sum, { rowsRead }) => sum + rowsRead, 0),
  };
};

/** The last word of a sync: what was loaded, what is missing, what to do next. */
export const syncSentence = (summary: SyncSummary): string => {
  const outcomes = worstByAccount(summary);
  const failing = outcomes.filter(({ outcome }) => outcome === "failed").length;
  const closed = outcomes.filter(({ outcome }) => outcome === "closed").length;
  const paused = outcomes.filter(({ outcome }) => outcome === "paused").length;
  const done = summary.results.filter(({ outcome }) => outcome === "done");
  const rows = done.reduce((sum, { rowsRead }) => sum + rowsRead, 0);
  const first = done.map(({ slice }) => slice.from).sort()[0];
  const last =
    done
      .map(({ slice }) => slice.to)
      .sort()
      .at(-1) ?? "";
  const well = new Set(done.map(({ slice: { account } }) => `${account.platform} ${account.id}`)).size;
  const ga4 = summary.ga4.filter(({ failure }) => failure !== null).length;
  const sources = sumSources(summary);
  const loaded = [
    ...(first === undefined
      ? []
      : [
          `${counted(rows, "row")} of ${counted(well, "account")}, ${first === last ? first : `${first} to ${last}`}`,
        ]),
    ...(sources.well === 0 ? [] : [`${counted(sources.rows, "row")} of ${counted(sources.well, "source")}`]),
  ];
  const parts = [
    loaded.length === 0 ? "Nothing was loaded" : `Loaded ${loaded.join("; ")}`,
    ...(sources.failing > 0 ? [`${counted(sources.failing, "source")} missing something`] : []),
    ...(failing > 0 ? [`${counted(failing, "account")} missing something`] : []),
    ...(ga4 > 0 ? [`${ga4 === 1 ? "1 GA4 property" : `${String(ga4)} GA4 properties`} missing`] : []),
    ...(closed > 0 ? [`${counted(closed, "account")} closed`] : []),
    ...(paused > 0 ? [`${counted(paused, "account")} paused`] : []),
  ];
  const next =
    failing + ga4 + sources.failing > 0
      ? "costper doctor says why, costper sync tries again"
      : outcomes.length === 0 && summary.sources.length > 0
        ? "costper sources lists what came"
        : outcomes.length === 0
          ? "costper accounts lists what the credentials reach"
          : "costper report shows the figures";
  return `${parts.join("; ")}. Next: ${next}.`;
};

export const register: Register = (command, act) => {
  addSelectionOptions(command)
    .option("--source <name>", "this source of first-party data alone; may be repeated", collect)
    .option("--full", "sources: everything is read, not only what changed")
    .option("--accept-removals", "sources: what vanished in great numbers was really removed")
    .option(
      "--max-wait <duration>",
      "the longest wait for one limit of a platform (90s, 15m; default 15m)",
      parseWait,
    )
    .addHelpText(
      "after",
      examples(
        ["costper sync", "the lookback of every account, up to yesterday"],
        ["costper sync --platform google --from 2026-01-01", "a backfill; resumes when interrupted"],
        ["costper sync --source crm", "one source of first-party data, now"],
        ["costper sync --account act_1 --to 2026-11-01", "one account"],
      ),
    )
    .action(
      act<SyncCommandOptions>(async (frame, options) => {
        checkRange(options, new Date());
        const config = await frame.loadConfig();
        // Before anything is opened: a wrong platform or account makes no file, table or request.
        askedAccounts(config, selectedPlatforms(config, options), options);
        selectedSources(config, options);
        await refuseUnreached(config, options, frame);
        const app = await frame.openApp({
          connections: 32,
          tokens: await credentialStore(frame, config),
          ...(options.maxWait === undefined ? {} : { maxWaitMs: options.maxWait }),
        });
        const live = process.stderr.isTTY && !frame.globals.quiet && frame.globals.logFormat !== "json";
        if (live) frame.log.level = frame.globals.verbose ? "debug" : "warn";
        const progress = live ? createProgress(process.stderr) : undefined;
        try {
          const summary = await runSync(app, options, progress);
          progress?.stop();
          reportSync(frame, summary);
          if (!frame.globals.quiet) process.stderr.write(`${syncSentence(summary)}\n`);
        } finally {
          progress?.stop();
        }
      }),
    );
};
