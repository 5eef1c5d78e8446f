import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { stringify } from "yaml";
import { createHubspotSandbox, hubspotSandboxSettings, hubspotToken } from "../../sandbox/hubspot/index.ts";
import { createLiveagentSandbox, liveagentSandboxSettings } from "../../sandbox/liveagent/index.ts";
import { listen } from "../../sandbox/server.ts";
import { parseConfig } from "../../src/config.ts";
import { ConfigError } from "../../src/config/problems.ts";
import { freshDatabase } from "../support/database.ts";
import { rows, tablesWith, tempFolder } from "./support.ts";

const cli = join(import.meta.dirname, "..", "..", "src", "cli.ts");

const costper = (cwd: string, args: string): Promise<{ status: number | null; out: string; err: string }> =>
  new Promise((ended, reject) => {
    const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), cli, ...args.split(" ")], {
      cwd,
      env: { PATH: process.env["PATH"], HOME: cwd },
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.once("error", reject);
    child.once("close", (status) => ended({ status, out, err }));
  });

test("a config of sources alone is synced, listed, checked and told, and a person is forgotten", async () => {
  const database = await freshDatabase();
  const clock = () => new Date();
  const crm = createHubspotSandbox({ clock, rateLimit: 100_000, customStages: { "77": "Demo held" } });
  const desk = createLiveagentSandbox({ clock });
  const [crmServer, deskServer] = await Promise.all([listen(crm), listen(desk)]);
  onTestFinished(async () => {
    await Promise.all([crmServer.close(), deskServer.close()]);
  });
  const yesterday = new Date(Date.now() - 86_400_000).toISOString();
  crm.world.addContact("1", yesterday, { hs_google_click_id: "Cj0one" });
  crm.world.addContact("2", yesterday);
  crm.world.setContact("2", yesterday, { lifecyclestage: "77" });
  const folder = await tempFolder();
  const sources = {
    crm: hubspotSandboxSettings(crmServer.url),
    support: { ...liveagentSandboxSettings(deskServer.url), contacts: false },
  };
  await writeFile(join(folder, "costper.yaml"), stringify({ database: database.url, sources }));

  const unknown = await costper(folder, "sync --source nobody");
  expect([unknown.status, unknown.err]).toEqual([
    2,
    expect.stringContaining("--source nobody is not in the config"),
  ]);

  const one = await costper(folder, "sync --source crm --json");
  expect(one.status).toBe(0);
  expect(JSON.parse(one.out)).toMatchObject({
    slices: [],
    accounts: [],
    sources: [
      {
        name: "crm",
        type: "hubspot",
        stream: "contacts",
        outcome: "done",
        rows_read: 2,
        rows_written: 2,
        unmapped: 1,
        failure: null,
      },
      { name: "crm", type: "hubspot", stream: "deals", outcome: "done", rows_read: 0, failure: null },
    ],
  });
  const before = await costper(folder, "status --json");
  expect([before.status, (JSON.parse(before.out) as { sources: unknown }).sources]).toMatchObject([
    1,
    [
      { name: "crm", outcome: "done", failure: null },
      { name: "support", outcome: "never", freshness_hours: null },
    ],
  ]);
  expect(before.err).toContain("source support: was never loaded");

  desk.state.isRevoked = true;
  const all = await costper(folder, "sync");
  expect(all.status).toBe(1);
  expect(all.err.trim().split("\n").at(-1)).toBe(
    "source support: /calls: LiveAgent answered 401: make a new API v3 key and set it in sources.support.apiKey",
  );
  const doctor = await costper(folder, "doctor");
  expect(doctor.out).toContain("source crm the key is taken; portal 7052064, Europe/Copenhagen, EUR; ");
  expect(doctor.out).toContain(" of 650000 calls of the day are used");
  expect(doctor.out).toContain("the portal has stages without a meaning: 77 (Demo held)");
  expect(doctor.out).toContain("source support, /ping: LiveAgent answered 401");
  desk.state.isRevoked = false;
  expect((await costper(folder, "sync --source support")).status).toBe(0);
  expect((await costper(folder, "status")).status).toBe(0);

  const listed = await costper(folder, "sources --json");
  expect((JSON.parse(listed.out) as { sources: readonly unknown[] }).sources[0]).toMatchObject({
    name: "crm",
    stream: "contacts",
    unmapped: { "77 (Demo held)": 1 },
  });

  expect((await costper(folder, "forget")).status).toBe(2);
  expect((await costper(folder, "forget nobody --source crm")).status).toBe(1);
  expect(await tablesWith(database, "Cj0one")).not.toEqual([]);
  const forgotten = await costper(folder, "forget 1 --source crm");
  expect([forgotten.status, forgotten.out.trim()]).toEqual([0, "1 lead is anonymous now; the figures stay."]);
  for (const trace of ["crm:1", "Cj0one"])
    expect([trace, await tablesWith(database, trace)]).toEqual([trace, []]);
  // The CRM still has the contact: the next night does not bring it back.
  expect((await costper(folder, "sync --source crm")).status).toBe(0);
  expect(
    await rows(database, "select count(*)::int as n from warehouse.lead where withdrawn_at is null"),
  ).toEqual([{ n: 2 }]);
  expect(await tablesWith(database, "crm:1")).toEqual([]);
  const changes = await costper(folder, "sources --changes --json");
  expect(JSON.parse(changes.out)).toMatchObject({ changes: [{ source: "crm", kind: "erased" }] });
  for (const { out, err } of [one, before, all, doctor, listed])
    expect(out + err).not.toContain(hubspotToken);
}, 120_000);

test("what is wrong with a source is told with its path and the nearest key, all at once", () => {
  const problems = (sources: unknown): readonly string[] => {
    try {
      parseConfig(stringify({ sources }), "/nowhere/costper.yaml", {});
    } catch (error) {
      if (error instanceof ConfigError)
        return error.problems.map(({ path, message }) => `${path}: ${message}`);
      throw error;
    }
    return [];
  };
  expect(
    problems({
      crm: { type: "hubspot", tokn: "x", since: "yesterday" },
      Erp: { type: "sql", connection: "postgresql://x/y", queries: [{ kind: "leads", query: "select 1" }] },
      erp: {
        type: "sql",
        connection: "mysql://x",
        queries: [
          { kind: "costs", query: "select 1", mode: "replace", columns: { amout: "x" } },
          { kind: "costs", query: "select 2", mode: "replace" },
        ],
      },
      web: { type: "https", url: "http://example.com/{month}.csv", kind: "leads", maxBytes: "lots" },
      desk: { type: "zendesk", subdomain: "x", clientId: "y" },
      odd: { type: "carrier" },
    }).map((line) => line.slice(0, 90)),
  ).toEqual([
    "sources.erp.queries[0].columns.amout: is no column of costs; there are period_start, perio",
    "sources.erp.queries[1].mode: would remove the costs of queries[0]; make one query of both ",
    "sources.desk.clientId: is missing: give clientId and clientSecret, or email and apiToken",
    "sources.crm.token: is missing; add it",
    "sources.crm.since: must be a day such as 2025-01-01",
    "sources.crm.tokn: is not a known key; did you mean token?",
    expect.stringContaining("sources.Erp: must be lower-case letters"),
    "sources.erp.connection: must be a URL like postgresql://user:password@host:5432/database",
    expect.stringContaining("sources.web.maxBytes: must be"),
    expect.stringContaining("sources.odd.type: must be one of hubspot, salesforce, liveagent"),
  ]);
});

test("the JSON Schema for editors knows every type of source", async () => {
  const text = await readFile(join(import.meta.dirname, "..", "..", "costper.schema.json"), "utf8");
  for (const name of ["hubspot", "salesforce", "liveagent", "zendesk", "sql", "https", "file"])
    expect(text).toContain(`"const": "${name}"`);
});
