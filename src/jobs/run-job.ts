import type { Logger } from "pino";
import { configuredPlatforms } from "../connectors/registry.ts";
import { addDays, dayAt } from "../domain/day.ts";
import { failureRules } from "../domain/failure.ts";
import { storeCountingRules } from "../metrics/counting.ts";
import { refreshReportingRates } from "../metrics/reporting-currency.ts";
import { afterSlices } from "../sync/after-slices.ts";
import { insertPlan } from "../sync/ledger/add.ts";
import type { JobKind } from "../sync/ledger/job.ts";
import { planPlatform } from "../sync/plan.ts";
import { pulls, unreadable, type JobWork, type WorkContext } from "../sync/work.ts";
import { endNight, summarizeNight } from "./night.ts";

/** What the jobs of a night work with. */
export interface NightContext extends WorkContext {
  /** Called when a night's figures are rolled up: alerts. */
  readonly afterRollup: (log: Logger) => Promise<void>;
}

/** Cuts the night of one platform into slices. */
const plan: JobWork<NightContext> = async (context, { job, log }) => {
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
  });
  log.info({ platform, slices: made.slices.length, failures: made.failures.length }, "platform planned");
  return {};
};

const rates: JobWork<NightContext> = async (context, { job, log }) => {
  const { database, config, signal } = context;
  const { rows } = await database.pool.query<{ from: string | null }>(
    "select min(from_date) as from from ops.job where run_id = $1",
    [job.runId],
  );
  const now = context.now();
  await refreshReportingRates({
    pool: database.pool,
    reportingCurrency: config.reportingCurrency ?? null,
    endpoint: config.rates.endpoint,
    from: rows[0]?.from ?? addDays(dayAt(now, "UTC"), -30),
    now,
    log,
    signal,
  });
  return {};
};

/** What follows the slices, and the sum of the night. */
const close: JobWork<NightContext> = async (context, { job, log }) => {
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

/** All that a night consists of. */
export const nightWork: Readonly<Record<JobKind, JobWork<NightContext>>> = { ...pulls, plan, rates, close };
