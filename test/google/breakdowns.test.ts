import { expect, test } from "vitest";
import type { BreakdownName } from "../../src/domain/breakdown.ts";
import type { BreakdownDay } from "../../src/domain/facts.ts";
import { all, pullOf, shop, startSandbox, startWire, sum } from "./support.ts";

const everything: readonly BreakdownName[] = ["device", "country", "keyword", "search_term"];

/** What the sandbox's first shop did, by a breakdown, and what it came to by its own totals. */
const brokenDown = async (breakdown: BreakdownName) => {
  const opened = await startSandbox({ settings: { breakdowns: everything } });
  const pull = pullOf();
  const rows = await all(opened.connector.breakdowns?.[breakdown]?.(pull) ?? (async function* () {})());
  const deliveries = rows.filter((row) => row.kind === "delivery");
  const outcomes = rows.filter((row) => row.kind === "conversions");
  return {
    ...opened,
    pull,
    deliveries,
    outcomes,
    truth: opened.sandbox.truth.days(shop.id, pull.from, pull.to),
  };
};

const partsOf = (rows: readonly BreakdownDay[]) => new Set(rows.map(({ part }) => part));
const keyOf = (row: BreakdownDay) =>
  JSON.stringify([
    row.date,
    row.campaignId,
    row.adGroupId,
    row.part,
    row.kind === "conversions" ? row.actionId : "",
  ]);

test("devices are told by kind and add up to the account, conversions too", async () => {
  const { deliveries, outcomes, truth } = await brokenDown("device");
  expect(partsOf(deliveries)).toEqual(new Set(["mobile", "desktop", "tablet", "tv", "other"]));
  expect(sum(deliveries.map(({ spend }) => spend))).toBe(sum(truth.map(({ spend }) => spend)));
  expect(sum(deliveries.map(({ clicks }) => clicks))).toBe(sum(truth.map(({ clicks }) => clicks)));
  expect(sum(outcomes.map((row) => row.primaryConversions ?? ""))).toBe(
    sum(truth.map(({ conversions }) => conversions)),
  );
});

test("countries go by their two letters; a country that was targeted and not is one", async () => {
  const { deliveries, outcomes, truth } = await brokenDown("country");
  expect(partsOf(deliveries)).toEqual(new Set(["DK", "DE", "US"]));
  for (const rows of [deliveries, outcomes]) expect(new Set(rows.map(keyOf)).size).toBe(rows.length);
  const [told, whole] = [sum(deliveries.map(({ spend }) => spend)), sum(truth.map(({ spend }) => spend))];
  // Some people are nowhere.
  expect(told).toBeGreaterThan((whole * 9n) / 10n);
  expect(told).toBeLessThan(whole);
});

test("a keyword is told by its ad group, and its text is learnt from its rows", async () => {
  const { connector, pull, deliveries } = await brokenDown("keyword");
  expect(new Set(deliveries.map(keyOf)).size).toBe(deliveries.length);
  const shared = deliveries.filter(({ part }) => part === "300000007");
  expect(new Set(shared.map(({ adGroupId }) => adGroupId)).size).toBeGreaterThan(1);
  const learnt = await all(connector.learnt?.(pull, async () => []) ?? (async function* () {})());
  const keywords = learnt.filter((entity) => entity.kind === "keyword");
  expect(keywords).toContainEqual(
    expect.objectContaining({ id: "300000007", name: "running shoes", matchType: "BROAD" }),
  );
  expect(new Set(keywords.map(({ adGroupId, id }) => `${adGroupId} ${id}`)).size).toBe(keywords.length);
});

test("a search for the word unknown is not what is unknown, and one that is too long for an index is cut with a mark", async () => {
  const { deliveries } = await brokenDown("search_term");
  const terms = [...partsOf(deliveries)].sort();
  expect(terms).toEqual([
    '"unknown"',
    "buy running shoes 東京",
    "løbesko herre",
    expect.stringMatching(/^why (very )+.* \[[0-9a-f]{12}\]$/),
  ]);
  expect(deliveries.every(({ adGroupId }) => adGroupId !== "")).toBe(true);
});

test("what is not asked for costs no request", async () => {
  const { connector, answered } = await startSandbox();
  expect(connector.breakdowns ?? {}).toEqual({});
  await all(connector.networks(pullOf()));
  expect(answered.filter(({ call }) => / by /.test(call))).toEqual([]);
});

test("devices and countries that costper does not know are unknown, and several of them are one row", async () => {
  const metrics = { costMicros: "1000000", impressions: "1", clicks: "1" };
  const row = (more: object) => ({ campaign: { id: "1" }, metrics, ...more });
  const rows = {
    "segments.device": [
      row({ segments: { date: "2026-11-19", device: "UNKNOWN" } }),
      row({ segments: { date: "2026-11-19", device: "SMART_GLASSES" } }),
      row({ segments: { date: "2026-11-19" } }),
    ],
    user_location_view: [
      row({ segments: { date: "2026-11-19" }, userLocationView: { countryCriterionId: "2208" } }),
      row({ segments: { date: "2026-11-19" }, userLocationView: { countryCriterionId: "2999" } }),
      row({ segments: { date: "2026-11-19" }, userLocationView: {} }),
    ],
  };
  const { connector } = await startWire(
    (exchange) => {
      const name = Object.keys(rows).find((part) => exchange.body.includes(part)) as
        | keyof typeof rows
        | undefined;
      const results = name && !exchange.body.includes("conversion_action") ? rows[name] : [];
      exchange.json(200, [{ results, fieldMask: "metrics.costMicros,metrics.impressions,metrics.clicks" }]);
    },
    { settings: { breakdowns: ["device", "country"] } },
  );
  const read = async (breakdown: "device" | "country") =>
    (await all(connector.breakdowns?.[breakdown]?.(pullOf()) ?? (async function* () {})())).map((one) => [
      one.part,
      one.kind === "delivery" && one.spend,
    ]);
  expect(await read("device")).toEqual([["unknown", "3"]]);
  expect(await read("country")).toEqual([
    ["DK", "1.000000"],
    ["unknown", "2"],
  ]);
});
