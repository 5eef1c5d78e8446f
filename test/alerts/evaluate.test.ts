import { describe, expect, test } from "vitest";
import { evaluateAlerts } from "../../src/alerts/evaluate.ts";
import { eachDay } from "../../src/domain/day.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { accountStatus } from "../../src/warehouse/status.ts";
import { freshDatabase } from "../support/database.ts";
import { type CampaignDay, ruleFrom, seedAccounts, seedFigures, seedGoodDays, storedAlerts } from "./seed.ts";

const day = "2026-03-14";
const window = { from: "2026-03-08", to: day };

/** The same figures on each of the seven days that end on `day`. */
const week = (campaign: string, figures: Partial<CampaignDay>, account = "1"): CampaignDay[] =>
  eachDay(window).map((date) => ({ account, campaign, date, ...figures }));

const judge = async (
  database: Database,
  written: Record<string, unknown>,
  options: { asOf?: string; reportingCurrency?: string } = {},
) => {
  const evaluation = await evaluateAlerts({
    db: database.db,
    rules: [ruleFrom(written)],
    notifiers: {},
    now: new Date("2026-03-20T12:00:00Z"),
    asOf: day,
    ...options,
  });
  return { evaluation, alerts: await storedAlerts(database) };
};

const oneAccount = async (days: readonly CampaignDay[]): Promise<Database> => {
  const database = await freshDatabase();
  const accounts = await seedAccounts(database, [{ id: "1" }]);
  await seedGoodDays(database, accounts, "2026-01-01", "2026-03-19");
  await seedFigures(database, accounts, days);
  return database;
};

describe("a threshold on cost per conversion", () => {
  const cases: readonly {
    title: string;
    days: readonly CampaignDay[];
    rule: Record<string, unknown>;
    state: string;
    value: string | null;
  }[] = [
    {
      title: "sums the window before it divides",
      days: [
        { account: "1", campaign: "a", date: "2026-03-13", spend: 100, conversions: 1 },
        { account: "1", campaign: "a", date: "2026-03-14", spend: 100, conversions: 9 },
      ],
      rule: { above: 40 },
      state: "inactive",
      value: "20",
    },
    {
      title: "fires above it",
      days: week("a", { spend: 50, conversions: 1 }),
      rule: { above: 40 },
      state: "firing",
      value: "50",
    },
    {
      title: "is quiet at it",
      days: week("a", { spend: 40, conversions: 1 }),
      rule: { above: "40.00" },
      state: "inactive",
      value: "40",
    },
    {
      title: "fires below it",
      days: week("a", { spend: 5, conversions: 1 }),
      rule: { below: 5.5 },
      state: "firing",
      value: "5",
    },
    {
      title: "fires on spend without any conversion once it reaches the threshold",
      days: [{ account: "1", campaign: "a", date: day, spend: 40 }],
      rule: { above: 40 },
      state: "firing",
      value: null,
    },
    {
      title: "is quiet on less spend than that",
      days: [{ account: "1", campaign: "a", date: day, spend: "39.99" }],
      rule: { above: 40 },
      state: "inactive",
      value: null,
    },
    {
      title: "never takes a cost that does not exist for a low one",
      days: [{ account: "1", campaign: "a", date: day, spend: "39.99" }],
      rule: { below: 40 },
      state: "inactive",
      value: null,
    },
    {
      title: "is quiet on less spend than that, also where more conversions were taken back than came",
      days: [{ account: "1", campaign: "a", date: day, spend: 10, conversions: -1 }],
      rule: { above: 40 },
      state: "inactive",
      value: null,
    },
    {
      title: "has no value where more conversions were taken back than came",
      days: [{ account: "1", campaign: "a", date: day, spend: 40, conversions: -1 }],
      rule: { above: 40 },
      state: "firing",
      value: null,
    },
    {
      title: "gives no verdict under minSpend",
      days: week("a", { spend: 50, conversions: 1 }),
      rule: { above: 40, minSpend: 351 },
      state: "inactive",
      value: "50",
    },
    {
      title: "gives one at minSpend",
      days: week("a", { spend: 50, conversions: 1 }),
      rule: { above: 40, minSpend: 350 },
      state: "firing",
      value: "50",
    },
    {
      title: "gives no verdict under minConversions",
      days: week("a", { spend: 50, conversions: 1 }),
      rule: { above: 40, minConversions: 8 },
      state: "inactive",
      value: "50",
    },
    {
      title: "with minConversions waits for conversions however much is spent",
      days: week("a", { spend: 500 }),
      rule: { above: 40, minConversions: 1 },
      state: "inactive",
      value: null,
    },
    {
      title: "leaves the youngest days out while they settle",
      days: [
        { account: "1", campaign: "a", date: "2026-03-12", spend: 10, conversions: 1 },
        { account: "1", campaign: "a", date: "2026-03-13", spend: 900 },
      ],
      rule: { above: 40, window: "7d", settle: "2d" },
      state: "inactive",
      value: "10",
    },
    {
      title: "leaves out what lies before the window",
      days: [
        { account: "1", campaign: "a", date: "2026-03-07", spend: 900 },
        { account: "1", campaign: "a", date: "2026-03-08", spend: 10, conversions: 1 },
      ],
      rule: { above: 40 },
      state: "inactive",
      value: "10",
    },
    {
      title: "takes projected conversions where they are known, else the reported",
      days: [
        { account: "1", campaign: "a", date: "2026-03-13", spend: 60, conversions: 1, projected: 2 },
        { account: "1", campaign: "a", date: "2026-03-14", spend: 60, conversions: 1 },
      ],
      rule: { metric: "projected_cost_per_conversion", above: 45 },
      state: "inactive",
      value: "40",
    },
    {
      title: "is said of other metrics too",
      days: week("a", { spend: 50, clicks: 4 }),
      rule: { metric: "cost_per_click", above: 12 },
      state: "firing",
      value: "12.5",
    },
    {
      title: "knows shares",
      days: week("a", { conversions: 1, clicks: 300 }),
      rule: { metric: "conversion_rate", below: 0.01 },
      state: "firing",
      value: "0.003333",
    },
    {
      title: "knows returns",
      days: week("a", { spend: 30, value: 15 }),
      rule: { metric: "return_on_ad_spend", below: 1 },
      state: "firing",
      value: "0.5",
    },
    {
      title: "counts no conversions as none where conversions are the metric",
      days: [],
      rule: { metric: "conversions", below: 1 },
      state: "firing",
      value: "0",
    },
  ];
  test.each(cases)("$title", async ({ days, rule, state, value }) => {
    const { alerts } = await judge(await oneAccount(days), rule);
    expect(alerts).toMatchObject([{ state, value, labels: {} }]);
  });
});

test.each([
  ["cost_per_conversion", { above: 1000 }, "no conversions"],
  ["cost_per_click", { above: 1000 }, "no clicks"],
  ["conversion_rate", { below: 0.01 }, "no clicks"],
])("%s without a figure says what there was none of", async (metric, condition, words) => {
  const { alerts } = await judge(await oneAccount(week("a", { spend: 10 })), { metric, ...condition });
  expect(alerts[0]?.explanation).toContain(`is none, since there were ${words} (`);
});

test("return_on_ad_spend without a figure says that nothing was spent", async () => {
  const { alerts } = await judge(await oneAccount(week("a", { value: 5 })), {
    metric: "return_on_ad_spend",
    below: 1,
  });
  expect(alerts[0]?.explanation).toContain("is none, since there was no spend (");
});

describe("a rule about change", () => {
  const before = eachDay({ from: "2026-03-01", to: "2026-03-07" }).map((date) => ({
    account: "1",
    campaign: "a",
    date,
    spend: 10,
    conversions: 1,
  }));
  test.each([
    {
      title: "fires beyond its share",
      now: { spend: "13.01", conversions: 1 },
      rule: { changeAbove: "30%" },
      state: "firing",
    },
    {
      title: "is quiet at its share",
      now: { spend: 13, conversions: 1 },
      rule: { changeAbove: "30%" },
      state: "inactive",
    },
    {
      title: "fires when a figure falls",
      now: { spend: 6, conversions: 1 },
      rule: { changeBelow: "30%" },
      state: "firing",
    },
    {
      title: "fires when conversions stop and spend reaches what they cost",
      now: { spend: 13 },
      rule: { changeAbove: "30%" },
      state: "firing",
    },
  ])("$title", async ({ now, rule, state }) => {
    const { alerts } = await judge(await oneAccount([...before, ...week("a", now)]), rule);
    expect(alerts).toMatchObject([{ state, threshold: rule.changeAbove === undefined ? "7" : "13" }]);
  });
  test("has nothing to say without a window before", async () => {
    const { alerts } = await judge(await oneAccount(week("a", { spend: 50, conversions: 1 })), {
      changeAbove: "30%",
    });
    expect(alerts).toMatchObject([{ state: "inactive", threshold: null }]);
  });
});

describe("series and filters", () => {
  const two = async (): Promise<Database> => {
    const database = await freshDatabase();
    const accounts = await seedAccounts(database, [{ id: "1" }, { id: "1234567890", platform: "google" }]);
    await seedGoodDays(database, accounts, "2026-01-01", "2026-03-19");
    await seedFigures(database, accounts, [
      ...week("Brand_1", { spend: 50, conversions: 1 }),
      ...week("BrandX1", { spend: 10, conversions: 1 }),
      ...week("g", { spend: 90, conversions: 1 }, "1234567890"),
    ]);
    return database;
  };
  test.each([
    { title: "one for all", rule: {}, labels: [{}], states: ["firing"] },
    {
      title: "one a platform",
      rule: { by: "platform" },
      labels: [{ platform: "google" }, { platform: "meta" }],
      states: ["firing", "inactive"],
    },
    {
      title: "one a campaign, with its account and names",
      rule: { by: "campaign" },
      labels: [
        { platform: "google", account_id: "1234567890", campaign_id: "g", campaign_name: "Campaign g" },
        { platform: "meta", account_id: "1", campaign_id: "BrandX1", campaign_name: "Campaign BrandX1" },
        { platform: "meta", account_id: "1", campaign_id: "Brand_1", campaign_name: "Campaign Brand_1" },
      ],
      states: ["firing", "inactive", "firing"],
    },
    {
      title: "an account in its written form",
      rule: { by: "account", where: { account: "123-456-7890" } },
      labels: [{ platform: "google", account_id: "1234567890" }],
      states: ["firing"],
    },
    {
      title: "a campaign by a pattern of its name",
      rule: { by: "platform", where: { platform: "meta", campaign: "Campaign Brand_*" } },
      labels: [{ platform: "meta" }],
      states: ["firing"],
    },
  ])("$title", async ({ rule, labels, states }) => {
    const { alerts } = await judge(await two(), { above: 40, ...rule });
    expect(alerts.map((alert) => alert.labels)).toEqual(labels);
    expect(alerts.map((alert) => alert.state)).toEqual(states);
  });
});

describe("networks and conversion actions", () => {
  const database_ = async (): Promise<Database> => {
    const database = await freshDatabase();
    const accounts = await seedAccounts(database, [{ id: "1" }]);
    await seedGoodDays(database, accounts, "2026-01-01", "2026-03-19");
    await seedFigures(database, accounts, [
      { account: "1", campaign: "a", date: day, spend: 100, conversions: 12 },
      { account: "1", campaign: "b", date: day, spend: 50 },
    ]);
    const key = accounts.get("1")?.key;
    for (const mart of ["by_network_daily", "by_action_daily"])
      await database.pool.query(
        `select warehouse.ensure_partition('figures.cost_per_conversion_${mart}', '${day}')`,
      );
    await database.pool.query(
      `insert into figures.cost_per_conversion_by_network_daily (account_key, date, campaign_id, currency, network, spend,
         impressions, clicks, conversions, conversion_value, organic_conversions, refreshed_at)
       select $1, $2, 'a', 'EUR', n.network, n.spend, 0, 0, n.conversions, 0, 0, now()
       from (values ('facebook', 20, 10), ('instagram', 80, 2)) as n(network, spend, conversions)`,
      [key, day],
    );
    await database.pool.query(
      `insert into figures.cost_per_conversion_by_action_daily (account_key, date, campaign_id, currency,
         conversion_action_id, conversions, conversion_value, refreshed_at)
       select $1, $2, 'a', 'EUR', n.action, n.conversions, 0, now()
       from (values ('lead', 10), ('purchase', 2)) as n(action, conversions)`,
      [key, day],
    );
    return database;
  };
  test("a network is held against its own spend", async () => {
    const { alerts } = await judge(await database_(), { by: "network", above: 30 });
    expect(alerts).toMatchObject([
      { labels: { platform: "meta", network: "facebook" }, value: "2", state: "inactive" },
      { labels: { platform: "meta", network: "instagram" }, value: "40", state: "firing" },
    ]);
  });
  test("an action is held against the whole spend, which is never split", async () => {
    const { alerts } = await judge(await database_(), { by: "action", above: 30 });
    expect(alerts).toMatchObject([
      { labels: { conversion_action_id: "lead" }, value: "15", spend: "150", state: "inactive" },
      { labels: { conversion_action_id: "purchase" }, value: "75", spend: "150", state: "firing" },
    ]);
  });
  test("one action of one campaign is held against that campaign's spend", async () => {
    const rule = { where: { action: "purchase", campaign: "a" }, above: 30 };
    const { alerts } = await judge(await database_(), rule);
    expect(alerts).toMatchObject([{ labels: {}, value: "50", spend: "100", state: "firing" }]);
  });
});

describe("currencies", () => {
  const mixed = async (rates: readonly (readonly [string, string, string])[]): Promise<Database> => {
    const database = await freshDatabase();
    const accounts = await seedAccounts(database, [{ id: "1" }, { id: "2", currency: "DKK" }]);
    await seedGoodDays(database, accounts, "2026-01-01", "2026-03-19");
    await seedFigures(database, accounts, [
      { account: "1", campaign: "a", date: day, spend: 100, conversions: 1 },
      { account: "2", campaign: "b", date: "2026-03-13", spend: 750, conversions: 1 },
      { account: "2", campaign: "b", date: "2026-03-14", spend: 750, conversions: 1 },
    ]);
    for (const [date, quote, rate] of rates)
      await database.pool.query(
        "insert into warehouse.exchange_rate (rate_date, base, quote, rate, source) values ($1, 'EUR', $2, $3, 'test')",
        [date, quote, rate],
      );
    return database;
  };
  test("an amount is compared in its own currency at each day's rate", async () => {
    const database = await mixed([
      ["2026-03-13", "DKK", "7.5"],
      ["2026-03-14", "DKK", "5"],
    ]);
    const { alerts } = await judge(database, { above: 116, currency: "EUR" });
    expect(alerts).toMatchObject([{ state: "firing", value: "116.666667", currency: "EUR", spend: "350" }]);
  });
  test.each([
    [
      "conversions",
      { metric: "conversions", below: 10 },
      { state: "firing", value: "3", spend: null, conversions: "3" },
    ],
    [
      "a spend that is asked for",
      { metric: "conversions", below: 10, minSpend: 1, currency: "EUR" },
      { state: "no_data" },
    ],
    ["return on ad spend", { metric: "return_on_ad_spend", below: 1 }, { state: "no_data" }],
  ])(
    "without a rate there is no verdict about money, and one about counts: %s",
    async (_, rule, expected) => {
      const { alerts } = await judge(await mixed([]), rule, { reportingCurrency: "EUR" });
      expect(alerts).toMatchObject([expected]);
    },
  );
  test("currencies cross through the euro", async () => {
    const database = await mixed([
      ["2026-03-10", "DKK", "7.5"],
      ["2026-03-10", "USD", "1.2"],
    ]);
    const { alerts } = await judge(database, { by: "account", above: 100, currency: "USD" });
    expect(alerts).toMatchObject([
      { value: "120", state: "firing" },
      { value: "120", state: "firing" },
    ]);
  });
  test.each([
    // A stored pair wins over the cross through the euro, and holds the other way round too.
    [
      "a pair of its own",
      [
        ["EUR", "DKK", "7.5"],
        ["EUR", "USD", "1.2"],
        ["DKK", "USD", "0.2"],
      ],
      "300",
    ],
    ["a pair the other way round", [["USD", "DKK", "4"]], "375"],
    [
      "the euro alone",
      [
        ["EUR", "DKK", "7.5"],
        ["EUR", "USD", "1.2"],
      ],
      "240",
    ],
  ] as const)("are converted as the marts convert them, by %s", async (_, pairs, expected) => {
    const database = await mixed([]);
    for (const [base, quote, rate] of pairs)
      await database.pool.query(
        "insert into warehouse.exchange_rate (rate_date, base, quote, rate, source) values ('2026-03-10', $1, $2, $3, 'test')",
        [base, quote, rate],
      );
    const rule = { metric: "spend", by: "account", where: { account: "2" }, above: 1, currency: "USD" };
    const { alerts } = await judge(database, rule);
    expect(alerts).toMatchObject([{ state: "firing", value: expected }]);
    const { rows } = await database.pool.query<{ spend: string }>(
      `select trim_scale(sum(spend * warehouse.rate_on(date, currency, 'USD')))::text as spend
       from marts.cost_per_conversion_daily where account_id = '2'`,
    );
    expect(rows[0]?.spend).toBe(expected);
  });
  test("a rate older than ten days is none, and a missing rate is no data rather than a wrong figure", async () => {
    const database = await mixed([["2026-03-02", "DKK", "7.5"]]);
    const { alerts } = await judge(database, { by: "account", above: 10, currency: "EUR" });
    expect(alerts).toMatchObject([
      { state: "firing", value: "100" },
      { state: "no_data", value: null, explanation: expect.stringContaining("no exchange rate to EUR") },
    ]);
  });
  test("an amount without a currency over accounts that differ is an error of the rule", async () => {
    const database = await mixed([]);
    const { evaluation, alerts } = await judge(database, { by: "account", above: 10 });
    expect(evaluation.problems).toEqual([
      { rule: "costly", message: expect.stringContaining("DKK, EUR: set currency") },
    ]);
    expect(alerts).toMatchObject([{ state: "no_data", labels: {} }]);
  });
  test("accounts of one currency need no currency in the rule", async () => {
    const { alerts } = await judge(await mixed([]), { where: { account: "2" }, above: 700 });
    expect(alerts).toMatchObject([{ state: "firing", value: "750", currency: "DKK" }]);
  });
  test("a share of change needs no currency where each series has one", async () => {
    const { evaluation } = await judge(await mixed([]), { by: "account", changeAbove: "10%" });
    expect(evaluation.problems).toEqual([]);
  });
});

describe("data that cannot be trusted", () => {
  test.each([
    {
      title: "a day that failed",
      sql: `update ops.account_day set state = 'failed' where date = '2026-03-10'`,
      says: "2026-03-10 failed",
    },
    {
      title: "a day that was never asked for",
      sql: `delete from ops.account_day where date = '2026-03-14'`,
      says: "2026-03-14 not fetched",
    },
    {
      title: "a day that is not reconciled",
      sql: `update ops.account_day set difference = 3 where date = '2026-03-09'`,
      says: "2026-03-09 not reconciled",
    },
  ])("$title leaves the alert without a verdict", async ({ sql, says }) => {
    const database = await oneAccount(week("a", { spend: 50, conversions: 1 }));
    await database.pool.query(sql);
    const { alerts } = await judge(database, { by: "campaign", above: 40 });
    expect(alerts).toMatchObject([
      { state: "no_data", value: null, explanation: expect.stringContaining(says) },
    ]);
  });
  test("a day outside the window changes nothing", async () => {
    const database = await oneAccount(week("a", { spend: 50, conversions: 1 }));
    await database.pool.query(
      "update ops.account_day set state = 'failed' where date in ('2026-03-07', '2026-03-15')",
    );
    expect((await judge(database, { above: 40 })).alerts).toMatchObject([{ state: "firing" }]);
  });
  test("an account without a single row is said to be without data", async () => {
    const database = await oneAccount([]);
    await database.pool.query("update ops.account_day set state = 'failed'");
    const { alerts } = await judge(database, { by: "campaign", above: 40 });
    expect(alerts).toMatchObject([{ state: "no_data", labels: { platform: "meta", account_id: "1" } }]);
  });
  test("a closed account is waited for no longer", async () => {
    const database = await oneAccount(week("a", { spend: 50, conversions: 1 }));
    await database.pool.query(
      "update ops.account_day set state = 'failed'; update warehouse.account set is_active = false",
    );
    expect((await judge(database, { above: 40 })).alerts).toMatchObject([{ state: "firing" }]);
  });
});

describe("costper's own work", () => {
  test("freshness counts hours from the end of the last good day in the account's zone", async () => {
    const database = await freshDatabase();
    const accounts = await seedAccounts(database, [{ id: "1", zone: "America/New_York" }]);
    await seedGoodDays(database, accounts, "2026-03-01", "2026-03-18");
    const now = new Date("2026-03-20T16:30:00Z");
    const rules = [ruleFrom({ name: "stale", metric: "freshness", above: 36 })];
    await evaluateAlerts({ db: database.db, rules, notifiers: {}, now });
    expect(await storedAlerts(database)).toMatchObject([
      { state: "firing", value: "36.5", labels: { platform: "meta", account_id: "1" } },
    ]);
  });
  // 03:30 in Copenhagen is 19:30 of the day before in Los Angeles.
  test.each([
    ["America/Los_Angeles", "2026-03-20T02:30:00Z", "inactive"],
    ["America/Los_Angeles", "2026-03-21T02:30:00Z", "inactive"],
    ["America/Los_Angeles", "2026-03-21T10:29:00Z", "inactive"],
    ["America/Los_Angeles", "2026-03-21T10:31:00Z", "firing"],
    ["Europe/Copenhagen", "2026-03-20T10:29:00Z", "inactive"],
    ["Europe/Copenhagen", "2026-03-20T10:31:00Z", "firing"],
  ])("freshness without hours follows the schedule: in %s at %s it is %s", async (zone, now, state) => {
    const database = await freshDatabase();
    const accounts = await seedAccounts(database, [{ id: "1", zone }]);
    await seedGoodDays(database, accounts, "2026-03-01", "2026-03-18");
    const rules = [ruleFrom({ name: "stale", metric: "freshness" })];
    const schedule = { pattern: "30 3 * * *", timeZone: "Europe/Copenhagen" };
    await evaluateAlerts({ db: database.db, rules, notifiers: {}, now: new Date(now), schedule });
    expect(await storedAlerts(database)).toMatchObject([{ state }]);
    const [status] = await accountStatus(database.db, [], new Date(now), schedule);
    expect(status?.stale).toBe(state === "firing");
  });
  test("freshness as of a day is measured at that day's end", async () => {
    const { alerts } = await judge(await oneAccount([]), { metric: "freshness", above: 1 });
    expect(alerts).toMatchObject([{ state: "inactive", value: "0" }]);
  });
  test("an account that the configuration names and nobody ever found grows old", async () => {
    const database = await freshDatabase();
    await database.pool.query(
      "insert into ops.account_day (platform, account_id, date, state) values ('meta', '9', '2026-03-10', 'failed')",
    );
    const { alerts } = await judge(database, { metric: "freshness", above: 36 });
    expect(alerts).toMatchObject([{ state: "firing", value: "120" }]);
  });
  test("sync_failure counts the slices that failed since one was done", async () => {
    const database = await oneAccount([]);
    await database.pool
      .query(`insert into ops.slice (platform, account_id, from_date, to_date, outcome, failure, started_at)
      values ('meta', '1', '2026-03-01', '2026-03-02', 'failed', 'old', '2026-03-01'),
             ('meta', '1', '2026-03-01', '2026-03-02', 'done', null, '2026-03-02'),
             ('meta', '1', '2026-03-01', '2026-03-02', 'failed', 'older', '2026-03-03'),
             ('meta', '1', '2026-03-01', '2026-03-02', 'failed', 'token expired', '2026-03-04')`);
    const { alerts } = await judge(database, { metric: "sync_failure", above: 1 });
    expect(alerts).toMatchObject([
      { state: "firing", value: "2", explanation: expect.stringContaining("token expired") },
    ]);
  });
  test("reconciliation_difference is the largest one of the window, whichever way", async () => {
    const database = await oneAccount([]);
    await database.pool.query(`update ops.account_day set difference = -3.5 where date = '2026-03-10';
      update ops.account_day set difference = 0, residual_spend = 900 where date = '2026-03-11';
      update ops.account_day set difference = 50 where date = '2026-03-01'`);
    const { alerts } = await judge(database, { metric: "reconciliation_difference", above: 3 });
    expect(alerts).toMatchObject([{ state: "firing", value: "3.5", currency: "EUR" }]);
  });
});

describe("anomalies", () => {
  const usual = (date: string): number => (new Date(date).getUTCDay() === 0 ? 50 : 10);
  const history = (from: string): CampaignDay[] =>
    eachDay({ from, to: "2026-03-13" }).map((date, index) => ({
      account: "1",
      campaign: "a",
      date,
      spend: usual(date) + (index % 3),
      conversions: 1,
    }));
  const rule = { anomaly: { sensitivity: 3 }, window: "1d" };
  test.each([
    { title: "a Saturday as dear as a usual Sunday is one", today: 50, from: "2026-01-20", state: "firing" },
    { title: "a Saturday like the others is none", today: 11, from: "2026-01-20", state: "inactive" },
    { title: "four weeks must be known first", today: 50, from: "2026-02-15", state: "inactive" },
  ])("$title", async ({ today, from, state }) => {
    const database = await oneAccount([
      ...history(from),
      { account: "1", campaign: "a", date: day, spend: today, conversions: 1 },
    ]);
    expect((await judge(database, rule)).alerts).toMatchObject([{ state }]);
  });
  test("a Sunday as dear as the others is none", async () => {
    const database = await oneAccount([
      ...history("2026-01-20"),
      { account: "1", campaign: "a", date: day, spend: 11, conversions: 1 },
      { account: "1", campaign: "a", date: "2026-03-15", spend: 51, conversions: 1 },
    ]);
    expect((await judge(database, rule, { asOf: "2026-03-15" })).alerts).toMatchObject([
      { state: "inactive" },
    ]);
  });
});
