import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { type AppOverrides, createConnectors } from "../../src/app.ts";
import { type Config, parseConfig } from "../../src/config.ts";
import { createMetrics } from "../../src/jobs/metrics.ts";
import { sharedLimits } from "../../src/warehouse/shared-limits/index.ts";
import { callForReady } from "../../src/jobs/wake.ts";
import { beginNight } from "../../src/jobs/night.ts";
import { enabledSources } from "../../src/sync/sources.ts";
import { type Service, type ServiceOptions, startService } from "../../src/jobs/service.ts";
import type { Queues } from "../../src/jobs/queue.ts";
import { configuredPlatforms } from "../../src/connectors/registry.ts";
import { sandboxConfig, startSandbox, type Sandbox } from "../../sandbox/start.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { silent } from "./backends.ts";
import { clock, quick } from "./pace.ts";

export const openSandbox = async (): Promise<Sandbox> => {
  const sandbox = await startSandbox({ clock, port: 0 });
  onTestFinished(() => sandbox.close());
  return sandbox;
};

export const configOf = (sandbox: Sandbox, more: Readonly<Record<string, unknown>> = {}): Config =>
  parseConfig(
    sandboxConfig(sandbox, { schedule: "0 3 1 1 *", lookbackDays: 5, ...more }),
    join(tmpdir(), "costper.yaml"),
    {},
  );

/** The unattended service in this process. */
export const openService = async (
  options: { config: Config; database: Database; queues: Queues } & Partial<ServiceOptions> & AppOverrides,
): Promise<Service> => {
  const metrics = createMetrics();
  const { config, database, queues } = options;
  const service = await startService({
    connector: createConnectors({
      config,
      log: silent,
      now: clock,
      maxWaitMs: 1_000,
      shared: sharedLimits(database.pool),
      onRequest: (platform, call, status) => metrics.onRequest(platform, call, status),
    }),
    log: silent,
    now: clock,
    metrics,
    roles: { scheduler: true, worker: true },
    afterRollup: async () => undefined,
    pace: quick,
    ...options,
    queues,
  });
  onTestFinished(() => service.stop());
  return service;
};

/** Begins a night as the schedule would. */
export const begin = async (
  config: Config,
  database: Database,
  queues: Queues,
  name = "2026-10-20T03:00:00 Europe/Copenhagen",
): Promise<string> => {
  const { pool } = database;
  const runId = await beginNight(
    {
      pool,
      log: silent,
      platforms: configuredPlatforms(config.connectors),
      sources: enabledSources(config, "nightly"),
    },
    { at: clock(), wallClock: name },
  );
  if (runId === undefined) throw new Error("the night did not begin");
  await callForReady(pool, queues);
  return runId;
};

/** Waits until the run is over, and gives what it came to. */
export const nightOver = async (database: Database, runId: string, timeoutMs = 110_000): Promise<string> => {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const outcome = await database.pool
      .query<{ outcome: string | null }>(
        "select outcome from ops.run where run_id = $1 and finished_at is not null",
        [runId],
      )
      .then(({ rows }) => rows[0]?.outcome)
      .catch(() => undefined);
    if (outcome) return outcome;
    if (Date.now() > deadline) {
      const { rows } = await database.pool.query(
        "select kind, state, count(*)::int, min(failure) from ops.job where run_id = $1 group by 1, 2 order by 1, 2",
        [runId],
      );
      throw new Error(`the night did not end: ${JSON.stringify(rows)}`);
    }
    await sleep(50);
  }
};

/** Everything in facts and marts that must be the same however the night went. */
export const fingerprint = async (database: Database): Promise<Record<string, string>> => {
  const tables = {
    ads: "select a.platform, a.account_id, f.date, f.campaign_id, f.ad_group_id, f.ad_id, f.spend, f.impressions, f.clicks from warehouse.ad_daily f join warehouse.account a using (account_key)",
    conversions:
      "select a.platform, a.account_id, f.date, f.campaign_id, f.ad_id, f.conversion_action_id, f.attribution, f.traffic, f.conversions, f.conversion_value from warehouse.conversion_daily f join warehouse.account a using (account_key)",
    daily:
      "select date, platform, account_id, campaign_id, currency, spend, clicks, conversions, conversion_value, organic_conversions, cost_per_conversion, spend_reporting from marts.cost_per_conversion_daily",
    byNetwork:
      "select date, platform, account_id, campaign_id, network, spend, conversions from marts.cost_per_conversion_by_network_daily",
    byAction:
      "select date, platform, account_id, campaign_id, conversion_action_id, conversions, cost_per_conversion from marts.cost_per_conversion_by_action_daily",
    history:
      "select date, platform, account_id, campaign_id, spend, clicks, conversions from marts.cost_per_conversion_history",
    days: "select platform, account_id, date, state from ops.account_day",
  };
  const prints: Record<string, string> = {};
  for (const [name, query] of Object.entries(tables)) {
    const { rows } = await database.pool.query<{ print: string; rows: string }>(
      `select count(*) as rows, md5(coalesce(string_agg(t::text, E'\\n' order by t::text), '')) as print from (${query}) t`,
    );
    prints[name] = `${rows[0]?.rows ?? ""} ${rows[0]?.print ?? ""}`;
  }
  return prints;
};
