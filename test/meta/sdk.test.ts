import { Ad, AdAccount, AdSet, AdsInsights, Campaign, FacebookAdsApi } from "facebook-nodejs-business-sdk";
import { expect, test } from "vitest";
import { metaSettings } from "../../src/connectors/meta/settings.ts";
import {
  adReport,
  attributionWindows,
  campaignReport,
  idParams,
  countryReport,
  deviceReport,
  networkReport,
  reportParams,
  totalParams,
} from "../../src/connectors/meta/queries.ts";
import { all, bench } from "./support.ts";

// Meta's SDK is not loaded at run time. What it knows is held against what we send.

const values = (of: object): readonly string[] => Object.values(of) as string[];
const day = { from: "2026-11-03", to: "2026-11-03" };

test("every insights field, breakdown and attribution window is one that Meta's SDK knows", () => {
  // The SDK lists what an insights row holds; the ids of levels below are among it.
  const fields = values(AdsInsights.Fields);
  const asked = [
    ...[adReport, campaignReport, networkReport, deviceReport, countryReport].map((report) =>
      reportParams(report, day, []),
    ),
    ...(["campaign", "adset", "ad"] as const).map((level) => idParams(level, day, [])),
    totalParams(day),
  ];
  for (const params of asked) {
    expect(String(params["fields"]).split(",")).toSatisfy((named: string[]) =>
      named.every((field) => fields.includes(field)),
    );
    expect(values(AdsInsights.Level)).toContain(params["level"]);
  }
  for (const breakdown of [networkReport, deviceReport, countryReport].flatMap((one) => one.breakdowns ?? []))
    expect(values(AdsInsights.Breakdowns)).toContain(breakdown);
  const windows = values(AdsInsights.ActionAttributionWindows);
  expect(attributionWindows.filter((window) => !windows.includes(window))).toEqual([]);
});

test("edges are asked for the fields that Meta's SDK knows, at its host", async () => {
  expect(metaSettings.parse({ accessToken: "x" }).endpoints.graph).toBe(FacebookAdsApi.GRAPH);
  const { connector, pull, heard } = await bench();
  const before = heard.length;
  await all(connector.entities(pull(day)));
  for await (const _ of connector.accounts(AbortSignal.timeout(10_000)));
  const known: Readonly<Record<string, object>> = {
    campaigns: Campaign.Fields,
    adsets: AdSet.Fields,
    ads: Ad.Fields,
    adaccounts: AdAccount.Fields,
  };
  const seen = new Set<string>();
  for (const { url } of heard.slice(before)) {
    const { pathname, searchParams } = new URL(url, FacebookAdsApi.GRAPH);
    const edge = pathname.split("/").at(-1) ?? "";
    if (known[edge] === undefined) continue;
    seen.add(edge);
    const fields = (searchParams.get("fields") ?? "").split(",");
    expect(fields.filter((field) => !values(known[edge] ?? {}).includes(field))).toEqual([]);
  }
  expect([...seen].sort()).toEqual(Object.keys(known).sort());
});
