import { expect, test } from "vitest";
import { notCounted } from "../../src/connectors/linkedin/counting.ts";
import { onPath } from "../../sandbox/faults.ts";
import { linkedinFaults } from "../../sandbox/linkedin/index.ts";
import { addDays } from "../../src/domain/day.ts";
import { accountOf, drain, exact, list, pullOf, startLinkedin, sum, today, trafficIs } from "./support.ts";

const week = pullOf("2026-11-13", "2026-11-20");

test("discovers every account but test accounts, closed ones as inactive", async () => {
  const { open } = await startLinkedin();
  const accounts = await list(open().accounts(new AbortController().signal));
  expect(accounts.map(({ id, currency, timeZone, active }) => [id, currency, timeZone, active])).toEqual([
    ["507404993", "EUR", "UTC", true],
    ["507406104", "USD", "UTC", true],
    ["509999001", "EUR", "UTC", false],
  ]);
});

test("adds up to the platform's figures on every day and in every account, whatever the wire makes of them", async () => {
  const { open, sandbox } = await startLinkedin();
  const connector = open();
  for (const { id, currency, test } of sandbox.accounts) {
    if (test) continue;
    const pull = pullOf("2026-08-24", today, { account: accountOf(id, currency) });
    const delivery = await drain(connector.performance(pull));
    const conversions = await drain(connector.conversions(pull));
    const totals = await drain(connector.totals(pull));
    const networks = await drain(connector.networks(pull));
    for (const truth of sandbox.truth.days(id, pull.from, pull.to)) {
      const ofDay = <T extends { date: string }>(rows: readonly T[]) =>
        rows.filter(({ date }) => date === truth.date);
      const counted = ofDay(conversions).filter(({ actionId }) => !notCounted.includes(actionId));
      const paid = counted.filter(trafficIs("paid"));
      const organic = counted.filter(trafficIs("organic"));
      expect({
        date: truth.date,
        spend: sum(ofDay(delivery).map(({ spend }) => spend)),
        impressions: sum(ofDay(delivery).map(({ impressions }) => impressions)),
        clicks: sum(ofDay(delivery).map(({ clicks }) => clicks)),
        conversions: sum(paid.map(({ conversions }) => conversions)),
        value: sum(paid.map(({ conversionValue }) => conversionValue)),
        organic: sum(organic.map(({ conversions }) => conversions)),
        organicValue: sum(organic.map(({ conversionValue }) => conversionValue)),
        total: sum(ofDay(totals).map(({ spend }) => spend)),
        network: sum(ofDay(networks).flatMap((row) => (row.kind === "delivery" ? [row.spend] : []))),
        networkConversions: sum(
          ofDay(networks).flatMap((row) =>
            row.kind === "conversions" && row.traffic === "paid" && !notCounted.includes(row.actionId)
              ? [row.conversions]
              : [],
          ),
        ),
      }).toEqual({
        date: truth.date,
        spend: exact(truth.spend),
        impressions: exact(truth.impressions),
        clicks: exact(truth.clicks),
        conversions: exact(truth.conversions),
        value: exact(truth.conversionValue),
        organic: exact(truth.organicConversions),
        organicValue: 0n,
        total: exact(truth.spend),
        network: exact(truth.spend),
        networkConversions: exact(truth.conversions),
      });
    }
  }
});

test("keeps paid and organic conversions of one rule apart", async () => {
  const { open } = await startLinkedin();
  const rows = await drain(open().conversions(pullOf("2026-08-24", "2026-11-20")));
  const ofRule = rows.filter(({ actionId }) => actionId === "13703580");
  expect(ofRule.filter(trafficIs("paid")).length).toBeGreaterThan(10);
  expect(ofRule.filter(trafficIs("organic")).length).toBeGreaterThan(5);
  expect(ofRule.every(({ attribution }) => attribution === "")).toBe(true);
  expect(new Set(rows.map(({ actionId }) => actionId))).toEqual(
    new Set([
      "13703580",
      "13703581",
      "13703582",
      "externalWebsiteConversions",
      "oneClickLeads",
      "leadGenerationMailContactInfoShares",
      "qualifiedLeads",
    ]),
  );
});

test("asks the campaign report once for delivery, networks and conversions of a slice", async () => {
  const { open, server } = await startLinkedin();
  const connector = open();
  await drain(connector.performance(week));
  await drain(connector.networks(week));
  await drain(connector.conversions(week));
  expect(server.requests.filter(({ path }) => path === "/rest/adAnalytics")).toHaveLength(2);
});

test("lists campaigns of every status, and looks up those that figures name but the listing lacks", async () => {
  const { open, sandbox } = await startLinkedin();
  const connector = open();
  const second = sandbox.accounts[1];
  if (!second) throw new Error("the sandbox has two accounts");
  const unlisted = second.campaigns.find(({ listed }) => !listed);
  const pull = pullOf("2026-10-20", "2026-11-20", { account: accountOf(second.id, "USD") });
  await drain(connector.performance(pull));
  const entities = await drain(connector.entities(pull));
  const listed = new Set(entities.map(({ id }) => id));
  if (!connector.learnt) throw new Error("rows of LinkedIn teach campaigns");
  const learnt = await drain(connector.learnt(pull, async (_, ids) => ids.filter((id) => !listed.has(id))));
  expect(learnt.map(({ id }) => id)).toEqual([unlisted?.id]);
  // Before anything is known, the listing says at once what single calls would.
  expect((await drain(connector.learnt(pull, async (_, ids) => ids))).length).toBeGreaterThan(3);
  const campaigns = [...entities, ...learnt].filter(({ kind }) => kind === "campaign");
  expect(campaigns.map(({ id }) => id).sort()).toEqual(second.campaigns.map(({ id }) => id).sort());
  expect(campaigns.find(({ id }) => id === unlisted?.id)?.name).toBe(unlisted?.name);
  expect(campaigns.map(({ status }) => status)).toContain("REMOVED");
  expect(entities.find(({ id }) => id === "13703591")).toMatchObject({
    kind: "conversion_action",
    name: "Trial signup",
    category: "SIGN_UP",
    clickWindowDays: 90,
    viewWindowDays: 30,
  });
});

test("reads creatives where they are asked for; its one network gives the campaign totals that they fall short of", async () => {
  const { open, sandbox } = await startLinkedin();
  const connector = open({ settings: { creatives: true } });
  const ads = await drain(connector.performance(week));
  const totals = await drain(connector.networks(week));
  const spend = sum(sandbox.truth.days(week.account.id, week.from, week.to).map((day) => day.spend));
  expect(ads.every(({ adId, adGroupId }) => /^\d+$/.test(adId) && adGroupId === "")).toBe(true);
  expect(sum(ads.map((row) => row.spend))).toBeLessThan(spend);
  expect(sum(totals.flatMap((row) => (row.kind === "delivery" ? [row.spend] : [])))).toBe(spend);
  const entities = await drain(connector.entities(week));
  expect(entities.filter(({ kind }) => kind === "ad")).toHaveLength(20);
});

test("never asks for a day that has not come", async () => {
  const { open } = await startLinkedin();
  const rows = await drain(open().performance(pullOf("2026-11-20", "2026-11-25")));
  expect(rows.every(({ date }) => date <= today)).toBe(true);
  expect(await drain(open().performance(pullOf("2026-11-22", "2026-11-25")))).toEqual([]);
});

test("sees conversions that come in late, days that are restated and rows that vanish", async () => {
  const { open, sandbox, clock } = await startLinkedin();
  const connector = open();
  const conversionsOf = async () =>
    sum(
      (await drain(connector.conversions({ ...week })))
        .filter(trafficIs("paid"))
        .map((row) => row.conversions),
    );
  const early = await conversionsOf();
  clock.advance(30 * 86_400_000);
  expect(await conversionsOf()).toBeGreaterThan(early);

  const before = await drain(connector.performance({ ...week }));
  const [restated, vanished] = before;
  if (!restated || !vanished) throw new Error("two rows were expected");
  sandbox.restate(restated.campaignId, restated.date, 50);
  sandbox.restate(vanished.campaignId, vanished.date, 0);
  const after = await drain(connector.performance({ ...week }));
  expect(after).toHaveLength(before.length - 1);
  expect(
    after.find((row) => row.campaignId === restated.campaignId && row.date === restated.date)?.spend,
  ).not.toBe(restated.spend);
});

test("finds every row where LinkedIn would cut the answer at 15,000 without a word", async () => {
  const { open, sandbox, server } = await startLinkedin({ accounts: 1, campaigns: 8_500 });
  const connector = open();
  const [account] = sandbox.accounts;
  const pull = pullOf(addDays(today, -30), addDays(today, -29), { account: accountOf(account?.id ?? "") });
  const rows = await drain(connector.performance(pull));
  const truth = sandbox.truth.days(pull.account.id, pull.from, pull.to);
  expect(rows.length).toBeGreaterThan(15_000);
  expect(sum(rows.map(({ spend }) => spend))).toBe(sum(truth.map(({ spend }) => spend)));
  expect(server.requests.filter(({ path }) => path === "/rest/adAnalytics")).toHaveLength(3);
});

test("splits a single day that is too large by campaigns, also those that no listing has", async () => {
  const { open, sandbox, server } = await startLinkedin({ campaigns: 60 });
  const account = sandbox.accounts[1];
  const unlisted = account?.campaigns.find(({ listed }) => !listed);
  if (!account || !unlisted) throw new Error("the second account has a campaign that no listing has");
  const day = addDays(today, -30);
  const row = {
    dateRange: {
      start: { year: 2026, month: 10, day: 22 },
      end: { year: 2026, month: 10, day: 22 },
    },
    pivotValues: [`urn:li:sponsoredCampaign:${unlisted.id}`],
    costInLocalCurrency: "1",
  };
  server.addFault(
    linkedinFaults.answers(
      200,
      { elements: Array.from({ length: 15_000 }, () => row) },
      onPath("/adAnalytics"),
    ),
  );
  const pull = pullOf(day, day, { account: accountOf(account.id, "USD") });
  const rows = await drain(open().performance(pull));
  expect(sum(rows.map(({ spend }) => spend))).toBe(
    sum(sandbox.truth.days(account.id, day, day).map(({ spend }) => spend)),
  );
  expect(rows.map(({ campaignId }) => campaignId)).toContain(unlisted.id);
  expect(server.requests.filter(({ path }) => path === "/rest/adAnalytics")).toHaveLength(3);
});

test("restates 8 days each night and as far back as the longest window of a rule reaches, 180 days at most", async () => {
  const { open } = await startLinkedin();
  const connector = open();
  const of = (...clickWindowDays: number[]) =>
    connector.restatement({ clickWindowDays, viewWindowDays: [7] });
  expect(of()).toEqual({ nightlyDays: 8, finalAfterDays: 33 });
  expect(of(30, 90)).toEqual({ nightlyDays: 8, finalAfterDays: 93 });
  expect(of(365).finalAfterDays).toBe(180);
});
