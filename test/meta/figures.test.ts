import { expect, test } from "vitest";
import { countedActionTypes } from "../../src/connectors/meta/goals.ts";
import { adReport, statusesOf } from "../../src/connectors/meta/queries.ts";
import { windowsOf } from "../../src/domain/day.ts";
import { onPath } from "../../sandbox/faults.ts";
import { requests } from "../../sandbox/meta/faults.ts";
import { metaSandboxCredentials } from "../../sandbox/meta/index.ts";
import { all, bench, sum } from "./support.ts";

const week = { from: "2026-11-01", to: "2026-11-07" };
const counted = new Set(countedActionTypes(["purchase", "lead"]));
const windows = new Set(["7d_click", "1d_view"]);

test("finds accounts with their currency and time zone, under bare ids, each once", async () => {
  const { accounts, sandbox } = await bench();
  expect(accounts.map(({ id }) => id)).toEqual(sandbox.truth.accountIds);
  expect(accounts.map(({ currency, timeZone, active }) => [currency, timeZone, active])).toEqual([
    ["EUR", "Europe/Berlin", true],
    ["USD", "America/Los_Angeles", true],
    ["JPY", "Asia/Tokyo", true],
  ]);
});

test.each([0, 1, 2])("account %i: totals equal what really happened, day by day", async (index) => {
  const { connector, pull, accounts, sandbox } = await bench();
  const totals = await all(connector.totals(pull(week, index)));
  const truth = sandbox.truth.days(accounts[index]?.id ?? "", week.from, week.to);
  expect(truth).toHaveLength(7);
  expect(totals.toSorted((a, b) => a.date.localeCompare(b.date))).toEqual(
    truth.map(({ date, spend, impressions, clicks }) => ({ date, spend, impressions, clicks })),
  );
});

test("campaigns add up to the truth where ads fall short, in spend and in counted conversions", async () => {
  const { connector, pull, accounts, sandbox } = await bench();
  const slice = pull(week);
  const truth = sandbox.truth.days(accounts[0]?.id ?? "", week.from, week.to);
  const ads = await all(connector.performance(slice));
  const campaigns = await all(connector.campaigns?.(slice) ?? (async function* () {})());
  const delivery = campaigns.filter((row) => row.kind === "delivery");
  expect(sum(delivery.map(({ spend }) => spend))).toBe(sum(truth.map(({ spend }) => spend)));
  expect(Number(sum(ads.map(({ spend }) => spend)))).toBeLessThan(
    Number(sum(truth.map(({ spend }) => spend))),
  );
  const conversions = campaigns.filter(
    (row) => row.kind === "conversions" && counted.has(row.actionId) && windows.has(row.attribution),
  );
  const figures = conversions.flatMap((row) => (row.kind === "conversions" ? [row] : []));
  expect(sum(figures.map((row) => row.conversions))).toBe(sum(truth.map((day) => day.conversions)));
  expect(sum(figures.map((row) => row.conversionValue))).toBe(sum(truth.map((day) => day.conversionValue)));
});

test("keeps archived and deleted ads, which a report without a status filter leaves out", async () => {
  const { connector, pull } = await bench();
  const slice = pull(week);
  const ids = new Set((await all(connector.performance(slice))).map(({ adId }) => adId));
  const ads = (await all(connector.entities(slice))).filter((entity) => entity.kind === "ad");
  const statuses = ads.filter(({ id }) => ids.has(id)).map(({ status }) => status);
  expect(statuses).toEqual(expect.arrayContaining(["ACTIVE", "ARCHIVED", "DELETED"]));
  expect(new Set(ads.map(({ id }) => id)).size).toBe(ads.length);
  expect(ads.every(({ name }) => name !== "")).toBe(true);
});

test("asks for all statuses of an ad, and those are the platform's own", async () => {
  const sdk = await import("facebook-nodejs-business-sdk");
  expect(statusesOf.ad.toSorted()).toEqual(Object.values(sdk.Ad.EffectiveStatus).toSorted());
  expect(statusesOf.adset.toSorted()).toEqual(Object.values(sdk.AdSet.EffectiveStatus).toSorted());
  expect(statusesOf.campaign.toSorted()).toEqual(Object.values(sdk.Campaign.EffectiveStatus).toSorted());
  const known = Object.values(sdk.AdsInsights.Fields) as readonly string[];
  expect(adReport.fields.filter((field) => !known.includes(field))).toEqual([]);
});

test("keeps every name of a sale apart, so that counting one of them counts each sale once", async () => {
  const { connector, pull } = await bench();
  const rows = await all(connector.conversions(pull(week)));
  const clicked = (action: string) =>
    sum(
      rows
        .filter(({ actionId, attribution }) => actionId === action && attribution === "7d_click")
        .map(({ conversions }) => conversions),
    );
  expect(clicked("omni_purchase")).toBe(clicked("purchase"));
  expect(Number(clicked("offsite_conversion.fb_pixel_purchase"))).toBeLessThan(Number(clicked("purchase")));
  expect(Number(clicked("offsite_conversion.custom.777"))).toBeGreaterThan(0);
  expect(Number(clicked("contact_total"))).toBeGreaterThan(0);
  const keys = rows.map((row) => [row.date, row.adId, row.actionId, row.attribution].join(" "));
  expect(new Set(keys).size).toBe(keys.length);
  expect(new Set(rows.map(({ traffic }) => traffic))).toEqual(new Set(["paid"]));
});

test("reads explicit windows, which nest for clicks, and never the key `value`", async () => {
  const { connector, pull } = await bench();
  const rows = await all(connector.conversions(pull(week)));
  const names = new Set(rows.map(({ attribution }) => attribution));
  expect(names).toEqual(new Set(["1d_click", "7d_click", "28d_click", "1d_view", "1d_ev"]));
  const total = (window: string) =>
    Number(
      sum(
        rows
          .filter(({ actionId, attribution }) => actionId === "omni_purchase" && attribution === window)
          .map(({ conversions }) => conversions),
      ),
    );
  expect(total("1d_click")).toBeLessThan(total("7d_click"));
  expect(total("7d_click")).toBeLessThan(total("28d_click"));
});

test("warns where the counted name is missing while others of its family are there", async () => {
  const { connector, pull, logs } = await bench({
    settings: { conversions: ["onsite_app_purchase", "lead"] },
  });
  await all(connector.conversions(pull(week)));
  const warnings = logs.filter((line) => line.includes("check connectors.meta.conversions"));
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('"counted":"onsite_app_purchase"');
});

test("leaves engagement out", async () => {
  const { connector, pull } = await bench();
  const actions = new Set((await all(connector.conversions(pull(week)))).map(({ actionId }) => actionId));
  expect(
    ["link_click", "post_engagement", "page_engagement", "video_view"].filter((a) => actions.has(a)),
  ).toEqual([]);
});

test("books rows without a network as unknown, one per campaign, day and action", async () => {
  const { connector, pull } = await bench();
  const rows = await all(connector.networks(pull(week)));
  expect(new Set(rows.map(({ network }) => network))).toEqual(
    new Set(["facebook", "instagram", "audience_network", "unknown"]),
  );
  const keys = rows.map((row) =>
    [
      row.date,
      row.campaignId,
      row.network,
      row.kind === "conversions" ? `${row.actionId} ${row.attribution}` : "",
    ].join(" "),
  );
  expect(new Set(keys).size).toBe(keys.length);
});

test("adds up rows that lack their network, and counts a row that comes twice once", async () => {
  const { connector, pull, server } = await bench();
  const row = {
    date_start: week.from,
    date_stop: week.from,
    campaign_id: "7",
    impressions: "10",
    clicks: "0",
  };
  const purchase = (count: string) => [{ action_type: "omni_purchase", value: "9", "1d_view": count }];
  server.addFault({
    name: "rows without a network",
    when: requests.result,
    strike: (exchange) =>
      exchange.json(200, {
        data: [
          { ...row, spend: "1.25", actions: purchase("1") },
          { ...row, spend: "2.5", actions: purchase("0.5") },
          { ...row, spend: "2.5", actions: purchase("0.5") },
          { ...row, spend: "0.005", publisher_platform: "unknown" },
        ],
      }),
  });
  const key = { date: week.from, campaignId: "7", network: "unknown" };
  expect(await all(connector.networks(pull(week)))).toEqual([
    { kind: "delivery", ...key, spend: "3.755", impressions: "30", clicks: "0" },
    {
      kind: "conversions",
      ...key,
      actionId: "omni_purchase",
      attribution: "1d_view",
      traffic: "paid",
      conversions: "1.5",
      conversionValue: "0",
    },
  ]);
});

test("names may hold anything but NUL", async () => {
  const { connector, pull, server } = await bench();
  const name = "Søm\u0000mer; '\"\\ 🧵\n";
  server.addFault({
    name: "odd name",
    when: onPath("/campaigns"),
    strike: (exchange) => exchange.json(200, { data: [{ id: "7", name, effective_status: "ACTIVE" }] }),
  });
  const entities = await all(connector.entities(pull(week)));
  expect(entities.find(({ id }) => id === "7")?.name).toBe("Sømmer; '\"\\ 🧵\n");
});

test("deleted ads keep the names that insights gave them, and count as deleted", async () => {
  const { connector, pull } = await bench();
  const slice = pull(week);
  const days = await all(connector.performance(slice));
  const entities = await all(connector.entities(slice));
  const known = new Set(entities.map(({ kind, id }) => `${kind} ${id}`));
  expect(days.filter(({ adId }) => !known.has(`ad ${adId}`))).toEqual([]);
  expect(days.filter(({ campaignId }) => !known.has(`campaign ${campaignId}`))).toEqual([]);
  const withoutFigures = await all(connector.entities(pull(week)));
  expect(withoutFigures.some(({ status }) => status === "DELETED")).toBe(false);
});

test("spend and conversions of a window cost one report, computed once", async () => {
  const { connector, pull, server } = await bench();
  const slice = pull(week);
  server.resetRequests();
  await all(connector.performance(slice));
  await all(connector.conversions(slice));
  expect(server.requests.filter(({ method }) => method === "POST")).toHaveLength(1);
});

test("reads 90 days of an account over several pages, each row once", async () => {
  const { connector, pull, accounts, sandbox } = await bench();
  const quarter = { from: "2026-08-20", to: "2026-11-17" };
  const spends: string[] = [];
  for (const window of windowsOf(quarter, connector.windowDays)) {
    const rows = await all(connector.campaigns?.(pull(window)) ?? (async function* () {})());
    spends.push(...rows.flatMap((row) => (row.kind === "delivery" ? [row.spend] : [])));
    const ads = await all(connector.performance(pull(window)));
    expect(new Set(ads.map(({ date, adId }) => `${date} ${adId}`)).size).toBe(ads.length);
    expect(ads.length).toBeGreaterThan(500);
  }
  const truth = sandbox.truth.days(accounts[0]?.id ?? "", quarter.from, quarter.to);
  expect(sum(spends)).toBe(sum(truth.map(({ spend }) => spend)));
});

test("conversions of a day rise as late ones come in, and stand still after 28 days", async () => {
  let present = new Date("2026-11-02T12:00:00Z");
  const { sandbox, connector, pull } = await bench({ clock: () => present });
  const day = { from: "2026-11-01", to: "2026-11-01" };
  const id = sandbox.truth.accountIds[0] ?? "";
  const reported = async () =>
    Number(sum((await all(connector.conversions(pull(day)))).map(({ conversions }) => conversions)));
  const early = await reported();
  present = new Date("2026-12-15T12:00:00Z");
  const late = await reported();
  expect(late).toBeGreaterThan(early);
  const settled = sandbox.truth.days(id, day.from, day.to);
  present = new Date("2027-01-15T12:00:00Z");
  expect(sandbox.truth.days(id, day.from, day.to)).toEqual(settled);
});

test("a window without any figures is empty, and that is a success", async () => {
  const { connector, pull } = await bench();
  const future = { from: "2026-11-25", to: "2026-11-26" };
  expect(await all(connector.totals(pull(future)))).toEqual([]);
  expect(await all(connector.performance(pull(future)))).toEqual([]);
});

test("puts the token into no URL, body or log line, and follows no page to another host", async () => {
  const { connector, pull, heard, logs } = await bench();
  const slice = pull({ from: "2026-10-01", to: "2026-10-30" });
  await all(connector.performance(slice));
  await all(connector.entities(slice));
  const written = [...heard.flatMap(({ url, body }) => [url, body]), ...logs].join("\n");
  expect(heard.some(({ url }) => url.includes("after="))).toBe(true);
  expect(heard.every(({ url }) => url.includes("appsecret_proof="))).toBe(true);
  expect(written).not.toContain(metaSandboxCredentials.accessToken);
  expect(written).not.toContain(metaSandboxCredentials.appSecret);
});

test.each([
  ["device", ["mobile", "desktop", "tablet", "other"]],
  ["country", ["DK", "DE", "unknown"]],
] as const)(
  "campaign-days by %s have each part once and nearly add up to the truth",
  async (breakdown, parts) => {
    const { connector, pull, accounts, sandbox } = await bench({ settings: { breakdowns: [breakdown] } });
    const rows = await all(connector.breakdowns?.[breakdown]?.(pull(week)) ?? (async function* () {})());
    expect(new Set(rows.map(({ part }) => part))).toEqual(new Set(parts));
    const keys = rows.map((row) =>
      JSON.stringify([
        row.kind,
        row.date,
        row.campaignId,
        row.part,
        row.kind === "conversions" && [row.actionId, row.attribution],
      ]),
    );
    expect(new Set(keys).size).toBe(keys.length);
    const truth = sandbox.truth.days(accounts[0]?.id ?? "", week.from, week.to);
    const spent = sum(rows.flatMap((row) => (row.kind === "delivery" ? [row.spend] : [])));
    const whole = sum(truth.map(({ spend }) => spend));
    // Estimates: each part is rounded down.
    expect(Number(spent)).toBeLessThanOrEqual(Number(whole));
    expect(Number(spent) / Number(whole)).toBeGreaterThan(0.9);
  },
);

test("no report by device or country is computed unless it is asked for", async () => {
  const { connector, pull, heard } = await bench();
  expect(connector.breakdowns).toEqual({});
  await all(connector.networks(pull(week)));
  expect(heard.filter(({ body }) => /impression_device|country/.test(body))).toEqual([]);
});
