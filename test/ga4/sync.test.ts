import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { expect, onTestFinished, test } from "vitest";
import { ga4Settings } from "../../src/connectors/ga4/settings.ts";
import { ga4Window, type Ga4Options, type Ga4Result, syncGa4 } from "../../src/sync/ga4.ts";
import { answers, connectionReset, htmlPage, onPath } from "../../sandbox/faults.ts";
import { createGa4Sandbox, type Ga4SandboxProperty } from "../../sandbox/ga4/index.ts";
import { listen, type SandboxServer } from "../../sandbox/server.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { rollUp } from "../first-party/support.ts";
import { rowsOf } from "../imports/support.ts";
import { freshDatabase } from "../support/database.ts";

const day = "2026-11-01";

const dimensions = [
  "date",
  "sessionDefaultChannelGroup",
  "sessionSource",
  "sessionMedium",
  "sessionCampaignName",
  "sessionCampaignId",
];
const metrics = ["sessions", "engagedSessions", "keyEvents", "purchaseRevenue"];

const row = { date: day, channel: "Paid Search", source: "google", medium: "cpc", sessions: 100 };

const start = async (properties: Record<string, Ga4SandboxProperty>) => {
  const server = await listen(createGa4Sandbox(properties));
  onTestFinished(() => server.close());
  return server;
};

const sync = (
  database: Database,
  server: SandboxServer<"ga4">,
  options: Partial<Ga4Options> & { properties?: string[]; credentials?: object } = {},
): Promise<readonly Ga4Result[]> => {
  const { properties = ["1"], credentials, ...rest } = options;
  return syncGa4({
    database,
    settings: ga4Settings.parse({
      properties,
      ...(credentials ?? { clientId: "a", clientSecret: "b", refreshToken: "sandbox-refresh-token" }),
      endpoints: { api: server.url, oauth: server.url },
    }),
    window: { from: day, to: day },
    signal: new AbortController().signal,
    log: pino({ level: "silent" }),
    classify: {},
    keyEvents: [],
    now: () => new Date("2026-11-02T10:15:00Z"),
    firstDelayMs: 1,
    ...rest,
  });
};

test("sessions and key events are loaded by channel, and a second pull replaces the day", async () => {
  const database = await freshDatabase();
  const rows = [
    {
      ...row,
      engagedSessions: 60,
      keyEvents: { purchase: 2.5, sign_up: 1 },
      campaign: "a / b / c",
      revenue: 99.9,
    },
    { ...row, channel: "Organic Search", medium: "organic", sessions: 40, keyEvents: { purchase: 1 } },
  ];
  const server = await start({ "1": { rows } });
  expect(await sync(database, server, { keyEvents: ["purchase"] })).toMatchObject([
    { property: "1", days: 1, sessions: 140, failure: null },
  ]);
  await sync(database, server, { keyEvents: ["purchase"] });
  await rollUp(database, { ga4KeyEvents: ["purchase"] });
  expect(
    await rowsOf(
      database,
      "select channel, traffic, sessions::int, conversions::float8 from marts.channel_daily order by channel",
    ),
  ).toEqual([
    { channel: "Organic Search", traffic: "organic", sessions: 40, conversions: 1 },
    { channel: "Paid Search", traffic: "paid", sessions: 100, conversions: 2.5 },
  ]);
  expect(
    await rowsOf(
      database,
      "select campaign, revenue::float8, currency from warehouse.ga4_session_daily where traffic = 'paid'",
    ),
  ).toEqual([{ campaign: "a / b / c", revenue: 99.9, currency: "EUR" }]);
  const moved = await start({ "1": { rows: [{ ...row, sessions: 7 }] } });
  await sync(database, moved);
  expect(await rowsOf(database, "select sessions from warehouse.ga4_session_daily")).toEqual([
    { sessions: "7" },
  ]);
});

test("GA4's channel is believed, one that does not exist yet is Unassigned, and disagreement is kept", async () => {
  const database = await freshDatabase();
  const rows = [
    { ...row, channel: "Cross-network", medium: "organic" },
    { ...row, channel: "Holograms" },
    { ...row, channel: "(other)", source: "(other)", medium: "(other)" },
  ];
  await sync(database, await start({ "1": { rows } }));
  expect(
    await rowsOf(
      database,
      "select reported_channel, channel, traffic, channel_disagrees from warehouse.ga4_session_daily order by 1",
    ),
  ).toEqual([
    { reported_channel: "(other)", channel: "Unassigned", traffic: "other", channel_disagrees: false },
    { reported_channel: "Cross-network", channel: "Cross-network", traffic: "paid", channel_disagrees: true },
    { reported_channel: "Holograms", channel: "Unassigned", traffic: "other", channel_disagrees: true },
  ]);
  expect(await rowsOf(database, "select round(overflow_share, 2) as share from ops.ga4_day")).toEqual([
    { share: "0.33" },
  ]);
});

test("pages are read to the end, and a day without rows is a day", async () => {
  const database = await freshDatabase();
  const rows = Array.from({ length: 25 }, (_, index) => ({ ...row, campaign: `c${String(index)}` }));
  const server = await start({
    "1": { rows, pageRows: 10 },
    "2": { rows: [], metadata: { emptyReason: "NO_DATA" } },
  });
  expect(await sync(database, server, { properties: ["1", "2"] })).toMatchObject([
    { sessions: 2500 },
    { sessions: 0, days: 1, failure: null },
  ]);
  expect(server.requests.filter(({ path }) => path.includes("/1:"))).toHaveLength(3);
  expect(await rowsOf(database, "select empty_reason from ops.ga4_day where property_id = '2'")).toEqual([
    { empty_reason: "NO_DATA" },
  ]);
});

test("a server that repeats its first page does not keep the sync for ever", async () => {
  const database = await freshDatabase();
  const server = await start({ "1": { rows: [row] } });
  server.addFault(
    answers(
      200,
      {
        dimensionHeaders: dimensions.map((name) => ({ name })),
        metricHeaders: metrics.map((name) => ({ name })),
        rows: [
          {
            dimensionValues: dimensions.map((name) => ({ value: name === "date" ? "20261101" : "" })),
            metricValues: metrics.map(() => ({ value: "1" })),
          },
        ],
        rowCount: 1_000_000,
      },
      { when: onPath("runReport"), times: Infinity },
    ),
  );
  const [result] = await sync(database, server);
  expect(result?.failure?.message).toContain("a page came twice");
  expect(server.requests.filter(({ path }) => path.includes("runReport"))).toHaveLength(2);
});

test.each([
  [
    {
      message: "Disabled.",
      details: [{ reason: "SERVICE_DISABLED", metadata: { consumer: "projects/4711" } }],
    },
    "enable analyticsdata.googleapis.com in the Google Cloud project 4711",
  ],
  [
    { message: "Google Analytics Data API has not been used in project 4711 before or it is disabled." },
    "enable analyticsdata.googleapis.com in the Google Cloud project 4711",
  ],
  [
    { message: "Request had insufficient authentication scopes.", details: [] },
    "https://www.googleapis.com/auth/analytics.readonly",
  ],
])("credentials that Google does not let through: what to enable and where, %#", async (error, remedy) => {
  const database = await freshDatabase();
  const server = await start({ "1": { rows: [row] } });
  const body = { error: { code: 403, status: "PERMISSION_DENIED", ...error } };
  server.addFault(answers(403, body, { when: onPath("runReport"), times: Infinity }));
  const failure = (await sync(database, server))[0]?.failure;
  expect(failure).toMatchObject({ kind: "credentials" });
  expect(failure?.remedy).toContain(remedy);
});

test("a token is not carried on to where a redirect points", async () => {
  const database = await freshDatabase();
  const server = await start({ "1": { rows: [row] } });
  const other = await start({ "1": { rows: [row] } });
  server.addFault(
    answers(307, {}, { when: onPath("runReport"), headers: { location: `${other.url}/v1beta` } }),
  );
  expect((await sync(database, server))[0]?.failure).toMatchObject({ kind: "request", status: 307 });
  expect(other.requests).toHaveLength(0);
});

test("a lossy answer is asked for again with fewer dimensions, and what stays lossy is marked", async () => {
  const database = await freshDatabase();
  const server = await start({ "1": { rows: [row], lossyFrom: 5 }, "2": { rows: [row], lossyFrom: 1 } });
  await sync(database, server, { properties: ["1", "2"] });
  expect(await rowsOf(database, "select property_id, is_lossy from ops.ga4_day order by 1")).toEqual([
    { property_id: "1", is_lossy: false },
    { property_id: "2", is_lossy: true },
  ]);
  expect(
    await rowsOf(
      database,
      "select channel, campaign from warehouse.ga4_session_daily where property_id = '1'",
    ),
  ).toEqual([{ channel: "Paid Search", campaign: "" }]);
});

test("thresholds, sampling and hidden revenue are kept with the day", async () => {
  const database = await freshDatabase();
  const metadata = {
    subjectToThresholding: true,
    samplingMetadatas: [{ samplesReadCount: "25", samplingSpaceSize: "100" }],
    schemaRestrictionResponse: { activeMetricRestrictions: [{ metricName: "purchaseRevenue" }] },
  };
  await sync(database, await start({ "1": { rows: [{ ...row, revenue: 5 }], metadata } }));
  expect(
    await rowsOf(database, "select is_thresholded, sampled_share, revenue_hidden from ops.ga4_day"),
  ).toEqual([{ is_thresholded: true, sampled_share: "0.25", revenue_hidden: true }]);
  expect(await rowsOf(database, "select revenue from warehouse.ga4_session_daily")).toEqual([
    { revenue: null },
  ]);
});

test("a property without access fails alone and says what to do", async () => {
  const database = await freshDatabase();
  const [denied, good] = await sync(database, await start({ "1": { rows: [row] } }), {
    properties: ["9", "1"],
  });
  expect(denied?.failure).toMatchObject({
    kind: "account",
    message: expect.stringContaining("GA4 property 9 gives no access"),
    remedy: expect.stringContaining("Viewer"),
  });
  expect(good).toMatchObject({ days: 1, failure: null });
});

test("a spent quota waits for its refill and is not asked again; the day before stays whole", async () => {
  const database = await freshDatabase();
  const server = await start({ "1": { rows: [row] } });
  await sync(database, server);
  const exhausted = (message: string) =>
    answers(
      429,
      { error: { code: 429, status: "RESOURCE_EXHAUSTED", message } },
      { when: onPath("runReport") },
    );
  server.resetRequests();
  server.addFault(exhausted("Exhausted property tokens per hour."));
  const [hour] = await sync(database, server);
  expect(hour?.failure).toMatchObject({ kind: "busy", retryAt: new Date("2026-11-02T11:00:00Z") });
  expect(server.requests.filter(({ path }) => path.includes("runReport"))).toHaveLength(1);
  server.addFault(exhausted("Exhausted property tokens per day."));
  const [daily] = await sync(database, server);
  expect(daily?.failure).toMatchObject({ kind: "busy", retryAt: new Date("2026-11-03T08:00:00Z") });
  expect(await rowsOf(database, "select sessions from warehouse.ga4_session_daily")).toEqual([
    { sessions: "100" },
  ]);
});

test("server errors are tried again a little, and not for ever", async () => {
  const database = await freshDatabase();
  const server = await start({ "1": { rows: [row] } });
  const when = onPath("runReport");
  server.addFault(htmlPage(503, { when }));
  server.addFault(connectionReset({ when }));
  expect((await sync(database, server))[0]?.failure).toBeNull();
  server.addFault(htmlPage(502, { when, times: 9 }));
  server.resetRequests();
  expect((await sync(database, server))[0]?.failure).toMatchObject({ kind: "transient" });
  expect(server.requests.filter(({ path }) => path.includes("runReport"))).toHaveLength(3);
});

test("a refused token says so without showing it; a service account's key works too", async () => {
  const database = await freshDatabase();
  const server = await start({ "1": { rows: [row] } });
  const revoked = { clientId: "a", clientSecret: "s3cret", refreshToken: "r3voked" };
  const [refused] = await sync(database, server, { credentials: revoked });
  expect(refused?.failure).toMatchObject({ kind: "credentials" });
  expect(`${refused?.failure?.message ?? ""}${refused?.failure?.remedy ?? ""}`).not.toMatch(/s3cret|r3voked/);

  const folder = await mkdtemp(join(tmpdir(), "costper-ga4-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const serviceAccountFile = join(folder, "key.json");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = {
    client_email: "bot@project.example",
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
  await writeFile(serviceAccountFile, JSON.stringify(key));
  expect((await sync(database, server, { credentials: { serviceAccountFile } }))[0]?.failure).toBeNull();
  await writeFile(serviceAccountFile, "{");
  expect((await sync(database, server, { credentials: { serviceAccountFile } }))[0]?.failure).toMatchObject({
    kind: "credentials",
    message: expect.stringContaining("no service account's JSON"),
  });
});

test("a server whose addresses take no parameter is asked without, and a property that is not there stays away", async () => {
  const database = await freshDatabase();
  const server = await start({ "1": { rows: [row] } });
  const none = { error: { code: 404, status: "NOT_FOUND", message: "no such address" } };
  server.addFault(answers(404, none, { when: ({ rawQuery }) => rawQuery !== "", times: 9 }));
  expect(await sync(database, server)).toMatchObject([{ sessions: 100, failure: null }]);
  server.addFault(answers(404, none, { when: onPath("runReport"), times: 9 }));
  expect((await sync(database, server))[0]?.failure).toMatchObject({ kind: "account" });
});

test("pages that do not tell how many rows there are are read until an empty one", async () => {
  const database = await freshDatabase();
  const server = await start({ "1": { rows: [] } });
  const page = (source: string, sessions: string) => ({
    dimensionHeaders: dimensions.map((name) => ({ name })),
    metricHeaders: metrics.map((name) => ({ name })),
    rows: [
      {
        dimensionValues: ["20261101", "Paid Search", source, "cpc", "x", "1"].map((value) => ({ value })),
        metricValues: [sessions, "1", "0", "0"].map((value) => ({ value })),
      },
    ],
    metadata: { currencyCode: "EUR", subjectToThresholding: true },
  });
  const when = onPath("runReport");
  for (const body of [page("google", "30"), page("bing", "12"), {}])
    server.addFault(answers(200, body, { when }));
  expect(await sync(database, server)).toMatchObject([{ sessions: 42, failure: null }]);
  expect(await rowsOf(database, "select is_thresholded from ops.ga4_day")).toEqual([
    { is_thresholded: true },
  ]);
});

test("an error under a good status is no day without sessions", async () => {
  const database = await freshDatabase();
  const server = await start({ "1": { rows: [row] } });
  await sync(database, server);
  const error = { code: 500, status: "INTERNAL", message: "An internal error has occurred." };
  server.addFault(answers(200, { error }, { when: onPath("runReport") }));
  expect((await sync(database, server))[0]?.failure).toMatchObject({ kind: "data" });
  expect(await rowsOf(database, "select sessions from warehouse.ga4_session_daily")).toEqual([
    { sessions: "100" },
  ]);
});

test("a token that ends before its time is renewed once, and the day is whole", async () => {
  const database = await freshDatabase();
  const server = await start({ "1": { rows: [row] } });
  const ended = { error: { code: 401, status: "UNAUTHENTICATED", message: "The token has ended." } };
  const when = onPath("runReport");
  server.addFault(answers(401, ended, { when }));
  expect(await sync(database, server)).toMatchObject([{ sessions: 100, failure: null }]);
  expect(server.requests.filter(({ path }) => path === "/token")).toHaveLength(2);
  server.addFault(answers(401, ended, { when, times: 9 }));
  server.resetRequests();
  expect((await sync(database, server))[0]?.failure).toMatchObject({ kind: "credentials" });
  expect(server.requests.filter(({ path }) => path.includes("runReport"))).toHaveLength(2);
});

test("three days are pulled each night and thirty once a week", () => {
  const settings = ga4Settings.parse({ properties: [1], serviceAccountFile: "key.json" });
  const window = (now: string) => ga4Window(settings, "Europe/Copenhagen", new Date(now));
  expect(window("2026-11-04T23:30:00Z")).toEqual({ from: "2026-11-02", to: "2026-11-04" });
  expect(window("2026-11-02T03:30:00Z")).toEqual({ from: "2026-10-03", to: "2026-11-01" });
});

test("settings want a property's number and one whole set of credentials", () => {
  expect(ga4Settings.safeParse({ properties: ["G-ABC"], serviceAccountFile: "k" }).success).toBe(false);
  expect(ga4Settings.safeParse({ properties: ["1"], clientId: "a" }).success).toBe(false);
});

test("a day is whole only once it has ended in the property's own zone, and is asked for again until then", async () => {
  const server = await start({ "1": { rows: [row], timeZone: "America/Los_Angeles" } });
  const database = await freshDatabase();
  const states = async () =>
    (
      await database.pool.query<{ state: string }>(
        "select date || ' ' || is_whole as state from ops.ga4_day order by date",
      )
    ).rows.map(({ state }) => state);
  // Midnight in Los Angeles is eight hours after that of Greenwich.
  await sync(database, server, { now: () => new Date("2026-11-02T07:59:00Z") });
  expect(await states()).toEqual(["2026-11-01 false"]);
  const next = { from: "2026-11-02", to: "2026-11-02" };
  await sync(database, server, { window: next, now: () => new Date("2026-11-03T08:00:00Z") });
  expect(await states()).toEqual(["2026-11-01 true", "2026-11-02 true"]);
});
