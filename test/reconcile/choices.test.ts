import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { expect, onTestFinished, test } from "vitest";
import { openApp } from "../../src/app.ts";
import { runSync } from "../../src/commands/sync/run.ts";
import { parseConfig } from "../../src/config.ts";
import { addDays, dayAt } from "../../src/domain/day.ts";
import { storeCountingRules } from "../../src/metrics/counting.ts";
import { compareRollups } from "../../src/metrics/rollup/compare.ts";
import { rebuild } from "../../src/metrics/rollup/rollup.ts";
import { createEcbSandbox } from "../../sandbox/ecb/index.ts";
import { truncatedJson } from "../../sandbox/faults.ts";
import { createLinkedinSandbox, linkedinSandboxSettings } from "../../sandbox/linkedin/index.ts";
import { listen } from "../../sandbox/server.ts";
import { freshDatabase } from "../support/database.ts";

/** LinkedIn and the bank as sandboxes, and the app on them with a given config. */
const opened = async () => {
  const { url, pool } = await freshDatabase();
  const now = new Date("2026-11-20T09:00:00Z");
  const linkedin = await listen(createLinkedinSandbox({ clock: () => now, campaigns: 4 }));
  const bank = await listen(createEcbSandbox({ asOf: () => addDays(dayAt(now, "UTC"), -1) }));
  const folder = await mkdtemp(join(tmpdir(), "costper-choices-"));
  onTestFinished(async () => {
    await linkedin.close();
    await bank.close();
    await rm(folder, { recursive: true, force: true });
  });
  const warnings: string[] = [];
  const log = pino({
    level: "warn",
    hooks: { logMethod: (args, method) => (warnings.push(String(args.at(-1))), void method) },
  });
  const withApp = async <T>(
    more: { reportingCurrency?: string; conversions?: string | string[] },
    work: (app: Awaited<ReturnType<typeof openApp>>) => Promise<T>,
  ): Promise<T> => {
    const { conversions = "all", ...rest } = more;
    const text = JSON.stringify({
      ...rest,
      database: url,
      connectors: { linkedin: { ...linkedinSandboxSettings(linkedin.url), conversions } },
      rates: { endpoint: bank.url },
    });
    const config = parseConfig(text, join(folder, "costper.yaml"), {});
    const app = await openApp({ config, log, signal: new AbortController().signal, now: () => now });
    try {
      return await work(app);
    } finally {
      await app.close();
    }
  };
  const sums = async () =>
    (
      await pool.query<{
        spend: string;
        reporting: string | null;
        conversions: string;
        currency: string | null;
      }>(
        `select sum(spend)::float8 as spend, case when bool_and(spend_reporting is not null) then sum(spend_reporting)::float8 end as reporting,
                sum(conversions)::float8 as conversions, min(reporting_currency) as currency
         from marts.cost_per_conversion_daily`,
      )
    ).rows[0];
  return { pool, linkedin, bank, warnings, withApp, sums };
};

const range = { from: "2026-11-09", to: "2026-11-15" };

test("another reporting currency or choice of conversions recomputes the marts and fetches nothing", async () => {
  const { pool, linkedin, withApp, sums } = await opened();
  await withApp({ reportingCurrency: "EUR" }, (app) => runSync(app, range));
  const first = await sums();
  expect(first).toMatchObject({ currency: "EUR" });
  expect(first?.reporting).not.toBeNull();
  const asked = linkedin.requests.length;

  const recompute = (more: Parameters<typeof withApp>[0]) =>
    withApp(more, async ({ config, database }) => {
      await storeCountingRules(database.pool, "linkedin", config.connectors);
      const options = { pool: database.pool, reportingCurrency: config.reportingCurrency ?? null };
      await rebuild(options, { from: null, to: null });
      expect(await compareRollups(options, { from: null, to: null })).toEqual([]);
    });
  await recompute({ reportingCurrency: "USD" });
  const dollars = await sums();
  expect(dollars).toMatchObject({ spend: first?.spend, conversions: first?.conversions, currency: "USD" });
  expect(Number(dollars?.reporting)).toBeGreaterThan(Number(first?.reporting));

  await recompute({ reportingCurrency: "USD", conversions: ["oneClickLeads"] });
  const leads = await sums();
  expect(leads?.spend).toBe(first?.spend);
  expect(Number(leads?.conversions)).toBeLessThan(Number(first?.conversions));
  expect(Number(leads?.conversions)).toBeGreaterThan(0);

  await recompute({ reportingCurrency: "EUR" });
  expect(await sums()).toEqual(first);
  expect(linkedin.requests).toHaveLength(asked);
  // The way there and back is remembered: each change of figures is a row of history.
  const { rows } = await pool.query<{ changes: number }>(
    "select max(n)::integer as changes from (select count(*) as n from marts.cost_per_conversion_history group by account_key, date, campaign_id) h",
  );
  expect(rows[0]?.changes).toBe(3);
});

test("a bank that sends half a file costs the reporting currency, not the night", async () => {
  const { bank, warnings, withApp, sums } = await opened();
  bank.addFault(
    truncatedJson('<?xml version="1.0"?><gesmes:Envelope><Cube><Cube time="2026-11-13">', { times: 99 }),
  );
  const { results, failures } = await withApp({ reportingCurrency: "EUR" }, (app) => runSync(app, range));
  expect(failures).toEqual([]);
  expect(results.filter(({ outcome }) => outcome === "failed")).toEqual([]);
  const all = await sums();
  expect(Number(all?.spend)).toBeGreaterThan(0);
  expect(all?.reporting).toBeNull();
  expect(warnings.some((line) => line.startsWith("exchange rates are not up to date"))).toBe(true);
  expect(warnings.some((line) => line.startsWith("no exchange rate"))).toBe(true);
});
