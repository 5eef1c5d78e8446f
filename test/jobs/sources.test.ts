import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { stringify } from "yaml";
import { createHubspotSandbox, hubspotSandboxSettings } from "../../sandbox/hubspot/index.ts";
import { createLiveagentSandbox, liveagentSandboxSettings } from "../../sandbox/liveagent/index.ts";
import { answers } from "../../sandbox/faults.ts";
import { listen } from "../../sandbox/server.ts";
import { parseConfig } from "../../src/config.ts";
import { runAlerts } from "../../src/alerts/run.ts";
import { addGauges, createMetrics } from "../../src/jobs/metrics.ts";
import { noteConfigured } from "../../src/sources/ledger.ts";
import { beginDueSources } from "../../src/jobs/source-runs.ts";
import { openBackend, silent } from "./backends.ts";
import { begin, configOf, nightOver, openSandbox, openService } from "./night-support.ts";
import { clock } from "./pace.ts";

test("in a night a source is a job; one whose key was revoked fails itself alone, is told, counted and alerted", async () => {
  const sandbox = await openSandbox();
  const { database, queues } = await openBackend("postgres");
  const crm = createHubspotSandbox({ clock, rateLimit: 100_000 });
  const desk = createLiveagentSandbox({ clock });
  const [crmServer, deskServer] = await Promise.all([listen(crm), listen(desk)]);
  onTestFinished(async () => {
    await Promise.all([crmServer.close(), deskServer.close()]);
  });
  crm.world.addContact("1", "2026-10-01T10:00:00Z", { hs_google_click_id: "Cj0one" });
  desk.state.isRevoked = true;
  // A limit passes by itself: the source waits, and is no failure.
  crmServer.addFault(answers(503, {}, { times: 6 }));
  const config = configOf(sandbox, {
    connectors: { meta: sandbox.settings.connectors.meta },
    sources: {
      crm: hubspotSandboxSettings(crmServer.url),
      support: liveagentSandboxSettings(deskServer.url),
    },
    alerts: [{ name: "broken source", metric: "sync_failure", where: { source: "*" }, above: 0 }],
  });
  const metrics = createMetrics();
  addGauges(metrics.registry, { db: database.db, pool: database.pool, queues });
  await openService({ config, database, queues, metrics });
  const run = await begin(config, database, queues);
  expect(await nightOver(database, run)).toBe("failed");
  const { rows: jobs } = await database.pool.query(
    "select account_id as name, state, failure_kind as kind from ops.job where run_id = $1 and kind = 'source' order by 1",
    [run],
  );
  expect(jobs).toEqual([
    { name: "crm", state: "done", kind: null },
    { name: "support", state: "failed", kind: "credentials" },
  ]);
  const { rows: others } = await database.pool.query(
    "select from ops.job where run_id = $1 and kind <> 'source' and state <> 'done'",
    [run],
  );
  expect(others).toEqual([]);
  expect((await database.pool.query("select lead_id, date::text from warehouse.lead")).rows).toEqual([
    { lead_id: "crm:1", date: "2026-10-01" },
  ]);
  const text = await metrics.registry.metrics();
  expect(text).toContain('costper_source_failures_total{source="support",kind="credentials"} 1');
  expect(text).toContain('costper_source_rows_total{source="crm",stream="contacts",outcome="done"} 1');
  expect(text).toMatch(/costper_source_last_good_timestamp_seconds\{source="crm",type="hubspot"\} \d+/);
  await runAlerts({ db: database.db, config, now: clock() });
  const { rows: alerts } = await database.pool.query(
    "select labels, state from ops.alert order by labels::text",
  );
  expect(alerts).toEqual([
    { labels: { source: "crm" }, state: "inactive" },
    { labels: { source: "support" }, state: "firing" },
  ]);
});

test("a source with a time of its own is begun once when it is due, and is not part of the night", async () => {
  const sandbox = await openSandbox();
  const { database, queues } = await openBackend("postgres");
  const config = configOf(sandbox, {
    sources: { crm: { ...hubspotSandboxSettings("http://127.0.0.1:9"), schedule: "15 4 * * *" } },
  });
  const options = { pool: database.pool, log: silent, config };
  const now = new Date("2026-10-20T06:00:00Z");
  expect(await beginDueSources({ ...options, now })).toHaveLength(1);
  expect(await beginDueSources({ ...options, now })).toHaveLength(0);
  await begin(config, database, queues);
  const { rows } = await database.pool.query(
    "select count(*)::int as jobs from ops.job where kind = 'source'",
  );
  expect(rows).toEqual([{ jobs: 1 }]);
});

test("a source waits out a limit, is tried again after a fault, and is given up where the limit outlasts the night", async () => {
  const { database, queues } = await openBackend("postgres");
  const asked = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const times = (asked.get(path) ?? 0) + 1;
    asked.set(path, times);
    if (path === "/broken.csv") response.writeHead(500).end();
    else if (path === "/late.csv") response.writeHead(429, { "retry-after": String(30 * 3_600) }).end();
    else if (times <= 2) response.writeHead(429, { "retry-after": "1" }).end();
    else
      response
        .writeHead(200, { "content-type": "text/csv" })
        .end("date,measure,value\n2026-10-01,calls_in,12\n");
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => void server.close());
  const origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const source = (name: string) => ({
    type: "https",
    url: `${origin}/${name}.csv`,
    kind: "measures",
    allowPrivate: true,
  });
  const names = ["broken", "late", "limited"];
  const rule = (name: string, more: object) => ({ name, where: { source: "*" }, ...more });
  const config = parseConfig(
    stringify({
      sources: Object.fromEntries(names.map((name) => [name, source(name)])),
      alerts: [
        rule("failing", { metric: "sync_failure", above: 0 }),
        rule("stale", { metric: "freshness", above: 36 }),
      ],
    }),
    "/nowhere/costper.yaml",
    {},
  );
  await openService({ config, database, queues, now: () => new Date() });
  expect(await nightOver(database, await begin(config, database, queues))).toBe("failed");
  const { rows } = await database.pool.query(
    "select account_id as name, state, attempts, failure_kind as kind from ops.job where kind = 'source' order by 1",
  );
  expect(rows).toEqual([
    { name: "broken", state: "failed", attempts: 5, kind: "transient" },
    { name: "late", state: "failed", attempts: 1, kind: "busy" },
    { name: "limited", state: "done", attempts: 1, kind: null },
  ]);
  expect([asked.get("/late.csv"), asked.get("/limited.csv")]).toEqual([1, 3]);
  const { rows: stored } = await database.pool.query("select value::int from warehouse.measure_daily");
  expect(stored).toEqual([{ value: 12 }]);
  const alerts = async () => {
    await runAlerts({ db: database.db, config, now: new Date() });
    const { rows: all } = await database.pool.query<{ told: string }>(
      "select rule || ' ' || (labels ->> 'source') || ' ' || state as told from ops.alert order by 1",
    );
    return all.map(({ told }) => told);
  };
  const [failing, late] = ["failing broken firing", "failing late firing"];
  expect(await alerts()).toEqual([
    failing,
    late,
    "failing limited inactive",
    "stale broken inactive",
    "stale late inactive",
    "stale limited inactive",
  ]);
  // What never loaded is as old as its first pull, however often it was tried since.
  await database.pool.query("update ops.source set since = now() - interval '40 hours'");
  expect(await alerts()).toEqual([
    failing,
    late,
    "failing limited inactive",
    "stale broken firing",
    "stale late firing",
    "stale limited inactive",
  ]);
  // Of what the config does not have any more nothing is told.
  await noteConfigured(database.pool, ["limited"]);
  expect((await alerts()).filter((told) => told.includes("firing"))).toEqual([]);
});
