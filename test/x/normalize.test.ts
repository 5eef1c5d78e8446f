import { expect, test } from "vitest";
import { parseJson } from "../../src/connectors/wire/json.ts";
import { conversionCells, deliveryCells } from "../../src/connectors/x/normalize.ts";
import { batchesOf, parametersOf, type Question, statsShape } from "../../src/connectors/x/stats.ts";
import { failureOf } from "../support/streams.ts";

const question: Question = {
  report: { entity: "CAMPAIGN", metricGroups: "ENGAGEMENT,BILLING" },
  ids: ["cmp01", "cmp02"],
  placement: "ALL_ON_TWITTER",
  from: "2026-11-19",
  to: "2026-11-20",
};

const answered = (metrics: object, more: object = {}, id = "cmp01") => ({
  question,
  body: statsShape.parse({
    data_type: "stats",
    time_series_length: 2,
    data: [{ id, id_data: [{ segment: null, metrics }] }],
    ...more,
  }),
});

test("reads the contract's sample: micros, nulls, retired keys", () => {
  const cells = [
    ...deliveryCells(
      answered({
        impressions: [1500, 900],
        clicks: [52, 31],
        retweets: null,
        tweets_send: null,
        billed_charge_local_micro: [12500000, 9800000],
      }),
    ),
  ];
  expect(cells).toEqual([
    {
      id: "cmp01",
      date: "2026-11-19",
      placement: "ALL_ON_TWITTER",
      spend: 12_500_000n,
      impressions: 1500n,
      clicks: 52n,
    },
    {
      id: "cmp01",
      date: "2026-11-20",
      placement: "ALL_ON_TWITTER",
      spend: 9_800_000n,
      impressions: 900n,
      clicks: 31n,
    },
  ]);
});

test("a null metric and a null element are zeros, and a day of zeros is no row", () => {
  const cells = [
    ...deliveryCells(
      answered({ impressions: null, clicks: [null, 3], billed_charge_local_micro: [null, null] }),
    ),
  ];
  expect(cells).toMatchObject([{ date: "2026-11-20", spend: 0n, impressions: 0n, clicks: 3n }]);
  expect([...deliveryCells(answered({ impressions: null, billed_charge_local_micro: null }))]).toEqual([]);
});

test("a credit below zero stays below zero, and a figure beyond 2^53 stays exact", () => {
  const body = parseJson(
    '{"data":[{"id":"cmp01","id_data":[{"segment":null,"metrics":{"billed_charge_local_micro":[-250000,9007199254740993]}}]}]}',
  );
  const cells = [...deliveryCells({ question, body: statsShape.parse(body) })];
  expect(cells.map(({ spend }) => spend)).toEqual([-250_000n, 9_007_199_254_740_993n]);
});

test.each([
  ["fewer days than asked for", { impressions: [1] }, {}, /impressions has 1 days rather than 2/],
  ["another length in all", { impressions: [1, 2] }, { time_series_length: 3 }, /the answer has 3 days/],
  ["a figure that is none", { impressions: ["many", 2] }, {}, /impressions is not a number/],
  ["a part of a count", { impressions: [1.5, 2] }, {}, /impressions is not a number/],
  ["no list", { impressions: 7 }, {}, /impressions is no list/],
])("%s publishes nothing", async (_, metrics, more, says) => {
  const failure = await failureOf((async () => [...deliveryCells(answered(metrics, more))])());
  expect(failure.kind).toBe("data");
  expect(failure.message).toMatch(says);
});

test("an entity that comes twice, or was not asked for, counts once, or not", () => {
  const one = { id: "cmp01", id_data: [{ segment: null, metrics: { impressions: [1, 1] } }] };
  const cells = [...deliveryCells(answered({}, { data: [one, one, { ...one, id: "cmp99" }] }))];
  expect(cells).toHaveLength(2);
});

test("of an answer by segments only the whole is read", () => {
  const segment = { segment_name: "iOS", segment_value: "ios" };
  const data = [
    {
      id: "cmp01",
      id_data: [
        { segment, metrics: { impressions: [5, 5] } },
        { segment: null, metrics: { impressions: [1, 1] } },
      ],
    },
  ];
  expect([...deliveryCells(answered({}, { data }))].map(({ impressions }) => impressions)).toEqual([1n, 1n]);
});

test("conversions by type, with view and engagement parts; values are micros, counts are not", () => {
  const cells = [
    ...conversionCells(
      answered({
        conversion_purchases: {
          metric: [5, 0],
          post_view: [2, 0],
          post_engagement: [3, 0],
          assisted: null,
          order_quantity: [6000000, 0],
          sale_amount: [129500000, 0],
          sale_amount_view: [49500000, 0],
          sale_amount_engagement: [80000000, 0],
        },
        conversion_sign_ups: null,
        impressions: [9, 9],
      }),
    ),
  ];
  const key = { id: "cmp01", date: "2026-11-19", placement: "ALL_ON_TWITTER", actionId: "purchases" };
  expect(cells).toEqual([
    { ...key, attribution: "post_view", conversions: 2n, value: 49_500_000n },
    { ...key, attribution: "post_engagement", conversions: 3n, value: 80_000_000n },
  ]);
});

test("where X gives a whole and no parts, or parts and no whole, nothing is lost and nothing is doubled", () => {
  const sums = (members: object) =>
    [...conversionCells(answered({ conversion_custom: members }))].map(
      ({ attribution, conversions, value }) => [attribution, conversions, value],
    );
  expect(
    sums({ metric: [4, null], post_view: null, post_engagement: null, sale_amount: [7000000, null] }),
  ).toEqual([["", 4n, 7_000_000n]]);
  expect(sums({ metric: null, post_view: [1, null], post_engagement: [null, 2] })).toEqual([
    ["post_view", 1n, 0n],
    ["post_engagement", 2n, 0n],
  ]);
  expect(sums({ metric: [4, 0], post_view: [1, 0], post_engagement: null })).toEqual([
    ["post_view", 1n, 0n],
    ["", 3n, 0n],
  ]);
});

test("a type that is not documented yet is kept under its own name", () => {
  const cells = [
    ...conversionCells(answered({ conversion_bookings: { metric: [1, 0], post_view: [1, 0] } })),
  ];
  expect(cells).toMatchObject([{ actionId: "bookings", attribution: "post_view", conversions: 1n }]);
});

test("asks for days as dates alone, the end exclusive, also across a change of clocks", () => {
  expect(parametersOf({ ...question, from: "2026-10-30", to: "2026-11-05" })).toMatchObject({
    start_time: "2026-10-30",
    end_time: "2026-11-06",
    granularity: "DAY",
    entity_ids: "cmp01,cmp02",
  });
});

const active = (id: string, placements: readonly string[], from = "2026-11-01", to = "2026-11-20") => ({
  id,
  placements,
  from,
  to,
});

test("at most 20 entities a question, each placement for those alone that were shown there", () => {
  const many = Array.from({ length: 25 }, (_, index) =>
    active(
      `c${String(index).padStart(2, "0")}`,
      index === 3 ? ["ALL_ON_TWITTER", "TREND"] : ["ALL_ON_TWITTER"],
    ),
  );
  const batches = batchesOf(question.report, many, 85);
  const questions = batches.flat();
  expect(questions.every(({ ids }) => ids.length <= 20)).toBe(true);
  expect(questions.filter(({ placement }) => placement === "TREND").map(({ ids }) => ids)).toEqual([["c03"]]);
  const all = questions.filter(({ placement }) => placement === "ALL_ON_TWITTER").flatMap(({ ids }) => ids);
  expect(all.toSorted()).toEqual(many.map(({ id }) => id));
  expect(batches).toHaveLength(2);
});

test("days in which nothing of an entity changed are not asked for", () => {
  const [batch = []] = batchesOf(
    question.report,
    [active("a", ["TREND"], "2026-11-03", "2026-11-04"), active("b", ["TREND"], "2026-11-12", "2026-11-13")],
    7,
  );
  expect(batch.map(({ ids, from, to }) => [ids, from, to])).toEqual([
    [["a"], "2026-11-03", "2026-11-09"],
    [["b"], "2026-11-10", "2026-11-13"],
  ]);
});
