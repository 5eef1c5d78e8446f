import pino from "pino";
import { onTestFinished, expect, test } from "vitest";
import type { Connector, ConnectorContext, Pull } from "../../src/connectors/connector.ts";
import { createGa4Client } from "../../src/connectors/ga4/client.ts";
import { pullGa4Day } from "../../src/connectors/ga4/day.ts";
import { ga4Settings } from "../../src/connectors/ga4/settings.ts";
import openGoogle from "../../src/connectors/google/index.ts";
import { googleSettings as googleSchema } from "../../src/connectors/google/settings.ts";
import openLinkedin from "../../src/connectors/linkedin/index.ts";
import { linkedinSettings as linkedinSchema } from "../../src/connectors/linkedin/settings.ts";
import openMeta from "../../src/connectors/meta/index.ts";
import { metaSettings as metaSchema } from "../../src/connectors/meta/settings.ts";
import { createLimits } from "../../src/connectors/wire/limits.ts";
import type { Account } from "../../src/domain/facts.ts";
import { Failure } from "../../src/domain/failure.ts";
import type { Platform } from "../../src/domain/platform.ts";
import { listen } from "../../sandbox/server.ts";
import { googleSettings, serveGoogle } from "./google-server.ts";
import {
  type Answers,
  answersOf,
  linkedinSettings,
  metaSettings,
  serveLinkedin,
  serveMeta,
} from "./platforms.ts";

const now = () => new Date("2026-10-06T12:00:00Z");
const day = "2026-10-05";

const contextOf = (platform: Platform): ConnectorContext => ({
  log: pino({ level: "silent" }),
  now,
  limits: createLimits({ platform, platformConcurrency: 4, accountConcurrency: 4, maxWaitMs: 0, now }),
});

const accountOf = (platform: Platform, id: string): Account => ({
  platform,
  id,
  name: id,
  currency: "EUR",
  timeZone: "UTC",
  status: "ACTIVE",
  active: true,
});

type Stream = "performance" | "conversions" | "networks" | "totals";

/** Drains a stream of one account's day; the failure that it ended with. */
const failureOf = async (
  connector: Connector,
  account: Account,
  stream: Stream,
): Promise<Failure | undefined> => {
  const pull: Pull = { account, from: day, to: day, signal: AbortSignal.timeout(30_000) };
  try {
    for await (const _ of connector[stream](pull));
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    return error as Failure;
  }
};

type Row = Readonly<Record<string, unknown>>;

/** The row without what is at a path: `metrics.costMicros`. */
const without = (row: Row, path: string): Row => {
  const [first = "", ...rest] = path.split(".");
  const { [first]: inner, ...others } = row;
  return rest.length === 0 || inner === undefined
    ? others
    : { ...others, [first]: without(inner as Row, rest.join(".")) };
};

const strip = (answers: Answers, key: string, path: string): void => {
  expect(answers[key]?.some((row) => JSON.stringify(without(row, path)) !== JSON.stringify(row))).toBe(true);
  answers[key] = (answers[key] ?? []).map((row) => without(row, path));
};

const refused = (failure: Failure | undefined, field: RegExp): void => {
  expect(failure).toMatchObject({ kind: "data" });
  expect(failure?.message).toMatch(field);
};

const google = async (options: Parameters<typeof serveGoogle>[0]): Promise<Connector> =>
  openGoogle(googleSchema.parse(googleSettings(await serveGoogle(options))), contextOf("google"));
const clinic = accountOf("google", "1112223334");

const byAd = "ad_group_ad by date";
const byNetwork = "campaign by date, network";
const byAction = "ad_group_ad by date, conversion_action";
const byNetworkAction = "campaign by date, network, conversion_action";

const googleTable: readonly (readonly [Stream, string, string, string])[] = [
  ...(
    [
      ["performance", byAd],
      ["networks", byNetwork],
      ["totals", "customer by date"],
    ] as const
  ).flatMap(([stream, key]) =>
    (
      [
        ["metrics.costMicros", "metrics.cost_micros"],
        ["metrics.impressions", "metrics.impressions"],
        ["metrics.clicks", "metrics.clicks"],
        ["segments.date", "segments.date"],
      ] as const
    ).map(([path, field]) => [stream, key, path, field] as const),
  ),
  ...(
    [
      ["conversions", byAction],
      ["networks", byNetworkAction],
    ] as const
  ).flatMap(([stream, key]) =>
    (
      [
        ["metrics.conversions", "metrics.conversions"],
        ["metrics.conversionsValue", "metrics.conversions_value"],
        ["metrics.allConversions", "metrics.all_conversions"],
        ["metrics.allConversionsValue", "metrics.all_conversions_value"],
        ["segments.date", "segments.date"],
        ["segments.conversionAction", "segments.conversion_action"],
        ["campaign.id", "campaign.id"],
      ] as const
    ).map(([path, field]) => [stream, key, path, field] as const),
  ),
  ["performance", byAd, "adGroup.id", "ad_group.id"],
  ["performance", byAd, "adGroupAd.ad.id", "ad_group_ad.ad.id"],
];

test.each(googleTable)("google: %s refuses `%s` without %s", async (stream, key, path, field) => {
  const answers = await answersOf("google-lead-form");
  strip(answers, key, path);
  const connector = await google({ answers, unanswered: [path] });
  refused(await failureOf(connector, clinic, stream), new RegExp(field.replaceAll(".", "\\.")));
});

test.each([
  ["performance", byAd],
  ["networks", byNetwork],
  ["totals", "customer by date"],
] as const)(
  "google: %s refuses clicks that cost nothing in any row, whatever the field mask names",
  async (stream, key) => {
    const answers = await answersOf("google-lead-form");
    strip(answers, key, "metrics.costMicros");
    refused(await failureOf(await google({ answers }), clinic, stream), /metrics\.cost_micros/);
  },
);

test("google: a metric that the field mask names and a row lacks is 0, as proto3's JSON has it", async () => {
  const answers = await answersOf("google-lead-form");
  strip(answers, byAd, "metrics.clicks");
  for (const key of [byAction, byNetworkAction]) strip(answers, key, "metrics.conversionsValue");
  const connector = await google({ answers });
  for (const stream of ["performance", "conversions", "networks"] as const)
    expect(await failureOf(connector, clinic, stream)).toBeUndefined();
});

const meta = async (answers: Answers): Promise<Connector> =>
  openMeta(metaSchema.parse(metaSettings(await serveMeta(answers))), contextOf("meta"));
const game = accountOf("meta", "900100200300402");

const metaTable: readonly (readonly [Stream, string, string])[] = (
  [
    ["performance", "ad", ["campaign_id", "adset_id", "ad_id"]],
    ["networks", "publisher_platform", ["campaign_id"]],
    ["totals", "account", []],
  ] as const
).flatMap(([stream, key, ids]) =>
  ["spend", "impressions", "date_stop", ...ids].map((field) => [stream, key, field] as const),
);

test.each(metaTable)("meta: %s refuses `%s` without %s", async (stream, key, field) => {
  const answers = await answersOf("app-installs-twice");
  strip(answers, key, field);
  refused(await failureOf(await meta(answers), game, stream), new RegExp(field));
});

test.each([
  ["a click on a link among the actions", { actions: [{ action_type: "link_click", value: "31" }] }],
  ["clicks on links", { inline_link_clicks: "31" }],
])("meta: clicks that are absent are none, unless there is %s", async (_, witness) => {
  const answers = await answersOf("app-installs-twice");
  strip(answers, "ad", "clicks");
  expect(await failureOf(await meta(answers), game, "performance")).toBeUndefined();
  answers["ad"] = (answers["ad"] ?? []).map((row) => ({ ...row, ...witness }));
  refused(await failureOf(await meta(answers), game, "performance"), /^clicks was asked for/);
});

test.each(["actions", "action_values"])("meta: %s are left out where there are none", async (field) => {
  const answers = await answersOf("app-installs-twice");
  answers["ad"] = (answers["ad"] ?? []).map((row) => without(row, field));
  expect(await failureOf(await meta(answers), game, "conversions")).toBeUndefined();
});

test("meta: a row about two days is refused", async () => {
  const answers = await answersOf("app-installs-twice");
  answers["ad"] = (answers["ad"] ?? []).map((row) => ({ ...row, date_stop: "2026-10-06" }));
  refused(await failureOf(await meta(answers), game, "performance"), /2026-10-05 to 2026-10-06/);
});

const linkedin = async (answers: Answers): Promise<Connector> =>
  openLinkedin(
    linkedinSchema.parse({ ...linkedinSettings(await serveLinkedin(answers)), creatives: true }),
    contextOf("linkedin"),
  );
const software = accountOf("linkedin", "507404995");

const linkedinAnswers = async (): Promise<Answers> => {
  const answers = await answersOf("renamed-action");
  const [campaign] = answers["adAnalytics CAMPAIGN"] ?? [];
  answers["adAnalytics CAMPAIGN,CREATIVE"] = [
    {
      ...campaign,
      pivotValues: ["urn:li:sponsoredCampaign:252074217", "urn:li:sponsoredCreative:287513206"],
    },
  ];
  return answers;
};

const linkedinReports = [
  ["performance", "adAnalytics CAMPAIGN,CREATIVE"],
  ["networks", "adAnalytics CAMPAIGN"],
  ["totals", "adAnalytics ACCOUNT"],
] as const;

const linkedinTable: readonly (readonly [Stream, string, string])[] = linkedinReports.flatMap(
  ([stream, key]) =>
    ["costInLocalCurrency", "impressions", "dateRange.end", "pivotValues"].map(
      (path) => [stream, key, path] as const,
    ),
);

test.each(linkedinTable)("linkedin: %s refuses `%s` without %s", async (stream, key, path) => {
  const answers = await linkedinAnswers();
  strip(answers, key, path);
  refused(await failureOf(await linkedin(answers), software, stream), new RegExp(path));
});

test.each(linkedinReports)("linkedin: %s refuses a cost in dollars alone", async (stream, key) => {
  const answers = await linkedinAnswers();
  answers[key] = (answers[key] ?? []).flatMap((row) => [
    { ...row, pivotValues: ["urn:li:sponsoredCampaign:1", "urn:li:sponsoredCreative:1"], clicks: 0 },
    { ...without(row, "costInLocalCurrency"), costInUsd: "108", clicks: 0 },
  ]);
  refused(
    await failureOf(await linkedin(answers), software, stream),
    /costInLocalCurrency of 2026-10-05 was asked for and is not in the answer, costInUsd is/,
  );
});

test.each(["externalWebsiteConversions", "viralExternalWebsiteConversions"])(
  "linkedin: parts without their sum %s are refused",
  async (metric) => {
    const part = metric.replace("WebsiteConversions", "WebsitePostClickConversions");
    for (const key of ["adAnalytics CAMPAIGN", "adAnalytics CAMPAIGN,CONVERSION"]) {
      const answers = await linkedinAnswers();
      answers[key] = (answers[key] ?? []).map((row) => ({ ...without(row, metric), [part]: 5 }));
      refused(await failureOf(await linkedin(answers), software, "conversions"), new RegExp(metric));
    }
  },
);

test("linkedin: any other metric that a row lacks is 0, as its documentation has it", async () => {
  const answers = await linkedinAnswers();
  strip(answers, "adAnalytics CAMPAIGN", "externalWebsiteConversions");
  strip(answers, "adAnalytics ACCOUNT", "clicks");
  const connector = await linkedin(answers);
  for (const stream of ["conversions", "totals"] as const)
    expect(await failureOf(connector, software, stream)).toBeUndefined();
});

test("linkedin: a row about a month is refused", async () => {
  const answers = await linkedinAnswers();
  answers["adAnalytics ACCOUNT"] = (answers["adAnalytics ACCOUNT"] ?? []).map((row) => ({
    ...row,
    dateRange: { start: { year: 2026, month: 10, day: 5 }, end: { year: 2026, month: 10, day: 31 } },
  }));
  refused(await failureOf(await linkedin(answers), software, "totals"), /2026-10-05 to 2026-10-31/);
});

const ga4Dimensions = [
  "date",
  "sessionDefaultChannelGroup",
  "sessionSource",
  "sessionMedium",
  "sessionCampaignName",
  "sessionCampaignId",
];
const ga4Metrics = ["sessions", "engagedSessions", "keyEvents", "purchaseRevenue"];

const ga4Answer = () => ({
  dimensionHeaders: ga4Dimensions.map((name) => ({ name })),
  metricHeaders: ga4Metrics.map((name) => ({ name, type: "TYPE_FLOAT" })),
  rows: [
    {
      dimensionValues: ["20261005", "Paid Search", "google", "cpc", "Brand", "1"].map((value) => ({ value })),
      metricValues: ["40", "20", "2.5", "99.9"].map((value): { value?: string } => ({ value })),
    },
  ],
  rowCount: 1,
  metadata: { currencyCode: "EUR", timeZone: "UTC" },
});

const ga4FailureOf = async (answer: object): Promise<Failure | undefined> => {
  const server = await listen({
    platform: "ga4",
    answer: (exchange) =>
      exchange.json(
        200,
        exchange.path === "/token" ? { access_token: "ya29.case", expires_in: 3599 } : answer,
      ),
  });
  onTestFinished(() => server.close());
  const endpoints = { api: server.url, oauth: server.url };
  const settings = ga4Settings.parse({
    properties: ["1"],
    clientId: "id",
    clientSecret: "secret",
    refreshToken: "1//case",
    endpoints,
  });
  const client = createGa4Client({ settings, log: pino({ level: "silent" }), now, firstDelayMs: 1 });
  try {
    const signal = AbortSignal.timeout(30_000);
    await pullGa4Day({ client, property: "1", day, keyEvents: [], signal });
    return undefined;
  } catch (error) {
    return error as Failure;
  }
};

test.each([...ga4Dimensions, ...ga4Metrics])(
  "ga4: an answer without the column %s is refused",
  async (name) => {
    const answer = ga4Answer();
    const place = ga4Dimensions.indexOf(name);
    const metric = ga4Metrics.indexOf(name);
    if (place >= 0) answer.dimensionHeaders.splice(place, 1);
    else answer.metricHeaders.splice(metric, 1);
    for (const row of answer.rows)
      if (place >= 0) row.dimensionValues.splice(place, 1);
      else row.metricValues.splice(metric, 1);
    refused(await ga4FailureOf(answer), new RegExp(`${name} was asked for`));
  },
);

test("ga4: an answer is whole, and of its day, or it is refused", async () => {
  expect(await ga4FailureOf(ga4Answer())).toBeUndefined();
  expect(await ga4FailureOf({ metadata: {} })).toBeUndefined();
  const { rows, ...empty } = ga4Answer();
  refused(await ga4FailureOf(empty), /1 rows, and only 0 came/);
  // Where no page says how many there are, an empty one is the end; this server sends the same one for ever.
  refused(await ga4FailureOf({ ...ga4Answer(), rowCount: undefined }), /a page came twice/);
  for (const value of ["20261004", "202610"]) {
    const [row] = structuredClone(rows);
    row?.dimensionValues.splice(0, 1, { value });
    refused(await ga4FailureOf({ ...ga4Answer(), rows: [row] }), /is about/);
  }
  const [row] = structuredClone(rows);
  row?.metricValues.splice(1, 1, {});
  refused(await ga4FailureOf({ ...ga4Answer(), rows: [row] }), /metricValues.*value/);
  row?.metricValues.splice(1, 3);
  refused(await ga4FailureOf({ ...ga4Answer(), rows: [row] }), /engagedSessions was asked for/);
});
