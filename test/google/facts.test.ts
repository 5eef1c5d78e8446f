import { expect, test } from "vitest";
import type { ConversionDay, NetworkDay } from "../../src/domain/facts.ts";
import { clientAccountId, directAccountId } from "../../sandbox/google/index.ts";
import { all, noon, pullOf, shop, startSandbox, sum } from "./support.ts";

const accounts = [
  shop,
  { ...shop, id: clientAccountId(1), currency: "DKK", timeZone: "Europe/Copenhagen" },
  { ...shop, id: clientAccountId(2), currency: "USD", timeZone: "America/Los_Angeles" },
];
const direct = (() => {
  const { via: _, ...rest } = shop;
  return { ...rest, id: directAccountId, timeZone: "Asia/Singapore" };
})();

const ofKind = <K extends NetworkDay["kind"]>(rows: readonly NetworkDay[], kind: K) =>
  rows.filter((row): row is Extract<NetworkDay, { kind: K }> => row.kind === kind);

test.each([...accounts, direct].map((account) => [account.id, account] as const))(
  "what account %s spent, day by day, is what happened there",
  async (_, account) => {
    const { connector, sandbox } = await startSandbox();
    const pull = pullOf({ account });
    const truth = sandbox.truth.days(account.id, pull.from, pull.to);
    expect(truth).toHaveLength(10);
    const totals = await all(connector.totals(pull));
    expect(totals.sort((a, b) => a.date.localeCompare(b.date))).toEqual(
      truth.map(({ date, spend, impressions, clicks }) => ({ date, spend, impressions, clicks })),
    );
    const networks = await all(connector.networks(pull));
    for (const day of truth) {
      const delivered = ofKind(networks, "delivery").filter(({ date }) => date === day.date);
      expect(sum(delivered.map(({ spend }) => spend))).toBe(sum([day.spend]));
      expect(sum(delivered.map(({ clicks }) => clicks))).toBe(sum([day.clicks]));
      const converted = ofKind(networks, "conversions").filter(({ date }) => date === day.date);
      expect(sum(converted.map((row) => row.primaryConversions ?? ""))).toBe(sum([day.conversions]));
      expect(sum(converted.map((row) => row.primaryConversionValue ?? ""))).toBe(sum([day.conversionValue]));
    }
  },
);

test("ads come once a day each, also where one ad sits in two ad groups, and add up to their campaigns", async () => {
  const { connector } = await startSandbox();
  const ads = await all(connector.performance(pullOf()));
  const networks = ofKind(await all(connector.networks(pullOf())), "delivery");
  const keys = ads.map((ad) => [ad.date, ad.campaignId, ad.adGroupId, ad.adId].join());
  expect(new Set(keys).size).toBe(keys.length);
  const groups = new Map<string, Set<string>>();
  for (const { adId, adGroupId } of ads) groups.set(adId, (groups.get(adId) ?? new Set()).add(adGroupId));
  expect([...groups.values()].some(({ size }) => size === 2)).toBe(true);

  const withAds = new Set(ads.map(({ campaignId }) => campaignId));
  for (const campaignId of withAds)
    expect(sum(ads.filter((ad) => ad.campaignId === campaignId).map(({ spend }) => spend))).toBe(
      sum(networks.filter((row) => row.campaignId === campaignId).map(({ spend }) => spend)),
    );
});

test("Performance Max spends by campaign and by no ad", async () => {
  const { connector } = await startSandbox();
  const entities = await all(connector.entities(pullOf()));
  const performanceMax = entities.flatMap((entity) =>
    entity.kind === "campaign" && entity.type === "PERFORMANCE_MAX" ? [entity.id] : [],
  );
  expect(performanceMax).toHaveLength(2);
  const networks = await all(connector.networks(pullOf()));
  expect(networks.some(({ campaignId }) => performanceMax.includes(campaignId))).toBe(true);
  const ads = await all(connector.performance(pullOf()));
  expect(ads.some(({ campaignId }) => performanceMax.includes(campaignId))).toBe(false);
});

test("removed campaigns and ads keep their figures, and entities of every status are listed", async () => {
  const { connector } = await startSandbox();
  const entities = await all(connector.entities(pullOf()));
  const removed = entities.filter(({ status }) => status === "REMOVED");
  expect(new Set(removed.map(({ kind }) => kind))).toEqual(new Set(["campaign", "ad"]));
  const ads = await all(connector.performance(pullOf()));
  for (const entity of removed.filter(({ kind }) => kind === "campaign"))
    expect(ads.some(({ campaignId }) => campaignId === entity.id)).toBe(true);
  expect(entities).toContainEqual(expect.objectContaining({ kind: "campaign", type: "UNKNOWN" }));
  expect(entities).toContainEqual(expect.objectContaining({ name: "Leads 東京 🚀" }));
});

test("ids beyond 2^53 keep all their digits", async () => {
  const { connector, sandbox } = await startSandbox();
  const known = new Set(
    sandbox.accounts.flatMap(({ campaigns }) =>
      campaigns.flatMap(({ adGroups }) => adGroups.flatMap(({ ads }) => ads.map(({ id }) => id))),
    ),
  );
  const ads = await all(connector.performance(pullOf()));
  expect(ads.every(({ adId }) => BigInt(adId) > 2n ** 53n && known.has(adId))).toBe(true);
});

const byAction = (rows: readonly ConversionDay[], actionId: string) =>
  rows.filter((row) => row.actionId === actionId);

test("each action keeps what Google counts apart from all that there was", async () => {
  const { connector } = await startSandbox();
  const entities = await all(connector.entities(pullOf()));
  const rows = await all(connector.conversions(pullOf({ from: "2026-10-20" })));
  const actions = entities.filter((entity) => entity.kind === "conversion_action");
  expect(new Map(actions.map(({ name, primary }) => [name, primary]))).toEqual(
    new Map([
      ["Purchase", true],
      ["Lead form", true],
      ["Newsletter", false],
      ["Channel subscriptions", false],
      ["CRM: qualified", true],
    ]),
  );
  for (const { id, primary } of actions) {
    const own = byAction(rows, id);
    expect(own.length).toBeGreaterThan(0);
    // Hosted by Google or not: an ad brought them.
    expect(new Set(own.map(({ traffic }) => traffic))).toEqual(new Set(["paid"]));
    for (const row of own) {
      expect(row.conversions).toBe(primary ? row.primaryConversions : row.allConversions);
      if (!primary) expect(row.primaryConversions).toBe("0");
    }
  }
  expect(rows.some(({ conversions }) => /\.\d/.test(conversions))).toBe(true);
  expect(rows.some((row) => row.allConversions !== row.primaryConversions)).toBe(true);
});

test("conversions of ads add up to those of their campaigns by network", async () => {
  const { connector } = await startSandbox();
  const ads = await all(connector.conversions(pullOf()));
  const networks = ofKind(await all(connector.networks(pullOf())), "conversions");
  for (const campaignId of new Set(ads.map((row) => row.campaignId)))
    expect(
      sum(ads.filter((row) => row.campaignId === campaignId).map((row) => row.allConversions ?? "")),
    ).toBe(
      sum(networks.filter((row) => row.campaignId === campaignId).map((row) => row.allConversions ?? "")),
    );
});

test("a day can have conversions and no delivery", async () => {
  const { connector } = await startSandbox();
  const pull = pullOf({ from: "2026-10-21", to: "2026-10-21" });
  const old = (await all(connector.entities(pull))).find(
    ({ kind, status }) => kind === "campaign" && status === "REMOVED",
  );
  const ads = await all(connector.performance(pull));
  const conversions = await all(connector.conversions(pull));
  expect(ads.some(({ campaignId }) => campaignId === old?.id)).toBe(false);
  expect(conversions.some(({ campaignId }) => campaignId === old?.id)).toBe(true);
});

test("days change for weeks: conversions come in late, some are taken back, invalid clicks are credited", async () => {
  let now = noon();
  const { connector } = await startSandbox({ clock: () => now });
  const pull = pullOf({ from: "2026-11-19", to: "2026-11-19" });
  const young = await all(connector.conversions(pull));
  const billed = await all(connector.totals(pull));
  now = new Date("2026-12-30T12:00:00Z");
  const old = await all(connector.conversions(pull));
  const credited = await all(connector.totals(pull));
  expect(sum(old.map(({ conversions }) => conversions))).toBeGreaterThan(
    sum(young.map(({ conversions }) => conversions)),
  );
  expect(sum(credited.map(({ spend }) => spend))).toBeLessThan(sum(billed.map(({ spend }) => spend)));
  const keyOf = (row: ConversionDay) => [row.campaignId, row.adGroupId, row.adId, row.actionId].join();
  const finalKeys = new Set(old.map(keyOf));
  expect(young.some((row) => !finalKeys.has(keyOf(row)))).toBe(true);
});

test("an action of a manager that may not be read keeps the name that the report carries", async () => {
  const { connector, server } = await startSandbox();
  server.addFault({
    name: "no permission for the manager",
    times: Infinity,
    when: ({ path, body }) =>
      path.includes("/customers/1000000001/") && body.includes("FROM conversion_action"),
    strike: (exchange) =>
      exchange.json(403, [
        {
          error: {
            code: 403,
            status: "PERMISSION_DENIED",
            message: "no",
            details: [
              { errors: [{ errorCode: { authorizationError: "USER_PERMISSION_DENIED" }, message: "no" }] },
            ],
          },
        },
      ]),
  });
  const pull = pullOf();
  const facts = await all(connector.networks(pull));
  const listed = new Set((await all(connector.entities(pull))).map(({ id }) => id));
  if (!connector.learnt) throw new Error("rows of Google teach names");
  const learnt = await all(connector.learnt(pull, async (_, ids) => ids));
  const unlisted = [
    ...new Set(facts.flatMap((row) => (row.kind === "conversions" ? [row.actionId] : []))),
  ].filter((id) => !listed.has(id));
  expect(unlisted).toHaveLength(1);
  expect(learnt.find(({ id }) => id === unlisted[0])).toMatchObject({
    kind: "conversion_action",
    name: "CRM: qualified",
  });
});

test("conversion actions are read once for all the streams of a slice", async () => {
  const { connector, server } = await startSandbox();
  const pull = pullOf();
  await Promise.all([all(connector.networks(pull)), all(connector.conversions(pull))]);
  // Two by network, one by ad; then the account, its own actions and those of its manager, once each.
  expect(server.requests.filter(({ path }) => path.endsWith("searchStream"))).toHaveLength(6);
});

test.each([
  [[], [], 33],
  [[7], [1], 33],
  [[30, 60], [1], 63],
  [[90], [30], 93],
  [[400], [], 93],
])("with click windows %j and view windows %j days move for %i days", async (click, view, days) => {
  const { connector } = await startSandbox();
  expect(connector.restatement({ clickWindowDays: click, viewWindowDays: view })).toEqual({
    nightlyDays: days,
    finalAfterDays: days,
  });
});
