import { describe, expect, test } from "vitest";
import type { Connector } from "../../src/connectors/connector.ts";
import { all, failing, pullOf, rowOf, startWire } from "./support.ts";

const ads = (connector: Connector) => connector.performance(pullOf());

describe("every legal way to write an answer is read", () => {
  test.each([
    ["no batches", "[]"],
    ["a batch without results", '[{"fieldMask":"campaign.id","requestId":"x"}]'],
    ["empty results and a summary", '[{"results":[]},{"summaryRow":{"metrics":{"costMicros":"0"}}}]'],
    ["blanks everywhere", " \n[\r\n\t] \n"],
    [
      "rows whose figures are all zero",
      JSON.stringify([{ results: [rowOf("1", {}), rowOf("2", { costMicros: "0", clicks: "0" })] }]),
    ],
  ])("%s: no rows", async (_, text) => {
    const { connector } = await startWire((exchange) => exchange.text(200, text));
    expect(await all(ads(connector))).toEqual([]);
  });

  test("fields that a row lacks and others have count as 0, fields that nobody knows are ignored", async () => {
    const { connector } = await startWire((exchange) =>
      exchange.json(200, [
        {
          results: [
            { ...rowOf("9223372036854775807", { clicks: "3", newMetric: "x" }), brandNew: { a: [1] } },
            rowOf("7"),
          ],
          queryResourceConsumption: "12",
        },
      ]),
    );
    expect(await all(ads(connector))).toEqual([
      {
        date: "2026-11-19",
        campaignId: "1",
        adGroupId: "2",
        adId: "9223372036854775807",
        spend: "0.000000",
        impressions: "0",
        clicks: "3",
      },
      expect.objectContaining({ adId: "7", spend: "0.000001" }),
    ]);
  });

  test.each([
    ["a cost that is no integer", rowOf("1", { costMicros: "1.5" })],
    ["a count that is text", rowOf("1", { clicks: "many" })],
    ["an id that lost its digits", { ...rowOf("1"), campaign: { id: 2 ** 53 } }],
    ["a row without an ad", { ...rowOf("1"), adGroupAd: {} }],
    ["a day that was not asked for", { ...rowOf("1"), segments: { date: "2025-01-01" } }],
    ["a row without a day", { ...rowOf("1"), segments: {} }],
  ])("%s stops the stream and names the field", async (_, bad) => {
    const { connector } = await startWire((exchange) => exchange.json(200, [{ results: [bad] }]));
    const { failure } = await failing(ads(connector));
    expect(failure.kind).toBe("data");
    expect(failure.message).toMatch(/^(metrics|campaign|ad_group_ad|segments)\./);
  });
});

test("a network or status that is newer than costper is kept as text", async () => {
  const { connector } = await startWire((exchange) =>
    exchange.json(200, [
      { results: [{ ...rowOf("1"), segments: { date: "2026-11-19", adNetworkType: "HOLOGRAM" } }] },
    ]),
  );
  const stream = connector.networks(pullOf());
  for await (const [first] of stream) {
    expect(first).toMatchObject({ network: "HOLOGRAM", spend: "0.000001" });
    break;
  }
});

test("a server that refuses the parameter which only saves bytes is asked without it, and from then on never with it", async () => {
  const asked: boolean[] = [];
  const { connector } = await startWire((exchange) => {
    const withParameters = exchange.body.includes("PARAMETERS");
    asked.push(withParameters);
    if (!withParameters) return exchange.json(200, [{ results: [rowOf("1")] }]);
    return exchange.json(400, [
      {
        error: {
          code: 400,
          status: "INVALID_ARGUMENT",
          message: "bad query",
          details: [{ errors: [{ errorCode: { queryError: "UNEXPECTED_INPUT" }, message: "PARAMETERS" }] }],
        },
      },
    ]);
  });
  expect(await all(ads(connector))).toHaveLength(1);
  expect(await all(ads(connector))).toHaveLength(1);
  expect(asked).toEqual([true, false, false]);
});
