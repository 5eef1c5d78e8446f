import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Breakdown, Excluded, MovedDay, Overview } from "../../src/web/api/answers.ts";
import type { Alerts, Health } from "../../src/web/api/health-answers.ts";
import { alertSettings } from "../../src/alerts/rule/settings.ts";
import { report } from "../../src/metrics/report.ts";
import { addUpSums } from "../support/sums.ts";
import { openShared, smallSeed, startWeb } from "../support/web.ts";

let shared: Awaited<ReturnType<typeof openShared>>;
beforeAll(async () => {
  shared = await openShared(smallSeed);
});
afterAll(() => shared.close());

const ask = async <Answer>(url: string, path: string): Promise<Answer> => {
  const answer = await fetch(url + path);
  const body = (await answer.json()) as Answer;
  expect(answer.status, JSON.stringify(body)).toBe(200);
  return body;
};

const one = async (pool: pg.Pool, statement: string): Promise<Record<string, unknown>> =>
  (await pool.query<Record<string, unknown>>(statement)).rows[0] ?? {};

const range = "from=2026-11-01&to=2026-11-20";
const inRange = "date between '2026-11-01' and '2026-11-20'";

test("the overview's sums and ratios are those of the mart", async () => {
  const { url, database } = shared;
  const { groups, before, gaps } = await ask<Overview>(url, `/api/overview?${range}`);
  expect(groups).toHaveLength(1);
  const expected = await one(
    database.pool,
    `select sum(spend) as spend, sum(conversions) as conversions, sum(spend) / sum(conversions) as cost_per_conversion,
            sum(conversion_value) / sum(spend) as return_on_ad_spend
     from marts.cost_per_conversion_daily where ${inRange}`,
  );
  expect(groups[0]?.now).toMatchObject(expected);
  expect(before).toEqual({ from: "2026-10-12", to: "2026-10-31" });
  // Three platforms and all together.
  expect(groups[0]?.periods).toHaveLength(80);
  expect(gaps).toBe(3);
});

test("young days carry a projection and are not final", async () => {
  const { url } = shared;
  const { groups } = await ask<Overview>(url, `/api/overview?${range}&platform=google`);
  const last = groups[0]?.periods.at(-1);
  expect(last).toMatchObject({ date: "2026-11-20", platform: "google", is_final: false });
  expect(Number(last?.projected_cost_per_conversion)).toBeLessThan(Number(last?.cost_per_conversion));
});

const currencies = ["EUR", "USD", "DKK"];

test("currencies are kept apart where there is no reporting currency", async () => {
  const { url, database } = await startWeb({ seed: { ...smallSeed, currencies } });
  const { groups, currency } = await ask<Overview>(url, `/api/overview?${range}`);
  expect(currency.mode).toBe("each");
  expect(new Set(groups.map((group) => group.currency))).toEqual(new Set(currencies));
  for (const group of groups) {
    const expected = await one(
      database.pool,
      `select sum(spend) as spend from marts.cost_per_conversion_daily where ${inRange} and currency = '${String(group.currency)}'`,
    );
    expect(group.now).toMatchObject(expected);
  }
  const { rows, totals } = await ask<Breakdown>(url, `/api/breakdown?${range}&by=platform`);
  expect(rows.every(({ currency }) => currency !== null)).toBe(true);
  expect(totals).toHaveLength(3);
});

test("amounts are in the reporting currency where there is one, and unknown where a rate is", async () => {
  const { url, database } = await startWeb({
    seed: { ...smallSeed, currencies: ["EUR", "USD", "CHF"], reportingCurrency: "EUR" },
  });
  const all = await ask<Overview>(url, `/api/overview?${range}`);
  expect(all.currency).toMatchObject({ mode: "reporting", code: "EUR" });
  expect(all.groups[0]?.now.spend).toBeNull();
  const known = await ask<Overview>(url, `/api/overview?${range}&platform=google`);
  expect(known.groups[0]?.now).toMatchObject(
    await one(
      database.pool,
      `select sum(spend_reporting) as spend, sum(spend_reporting) / sum(conversions) as cost_per_conversion
       from marts.cost_per_conversion_daily where ${inRange} and platform = 'google'`,
    ),
  );
  const own = await ask<Overview>(url, `/api/overview?${range}&currency=USD`);
  expect(own.groups[0]?.now).toMatchObject(
    await one(
      database.pool,
      `select sum(spend) as spend from marts.cost_per_conversion_daily where ${inRange} and currency = 'USD'`,
    ),
  );
});

test.each(["platform", "account", "campaign", "network"] as const)(
  "rows by %s add up to the mart, and so does their total",
  async (by) => {
    const { url, database } = shared;
    const answer = await ask<Breakdown>(url, `/api/breakdown?${range}&by=${by}&size=100`);
    const expected = await one(
      database.pool,
      `select sum(spend)::numeric(18,6) as spend, sum(conversions)::numeric(18,6) as conversions
       from marts.cost_per_conversion_daily where ${inRange}`,
    );
    const added = answer.rows.reduce((sum, { spend }) => sum + Number(spend), 0);
    expect(added).toBeCloseTo(Number(expected["spend"]), 4);
    expect(Number(answer.totals[0]?.spend)).toBeCloseTo(Number(expected["spend"]), 4);
    expect(Number(answer.totals[0]?.cost_per_conversion)).toBeCloseTo(
      Number(expected["spend"]) / Number(expected["conversions"]),
      6,
    );
    expect(answer.count).toBe(answer.rows.length);
    expect(answer.rows[0]?.spark).toHaveLength(20);
    expect(answer.rows.every(({ spark }) => spark.some((point) => point !== null))).toBe(true);
  },
);

const byKeys = (a: readonly unknown[], b: readonly unknown[]): number =>
  a.join(" ").localeCompare(b.join(" "));

test("an action is set against the whole spend of its account, as the report has it, and the total counts that once", async () => {
  const { url, database } = shared;
  const asked = { from: "2026-11-01", to: "2026-11-20" };
  const { rows, totals } = await ask<Breakdown>(url, `/api/breakdown?${range}&by=action`);
  const reported = await report(database.db, {
    ...asked,
    by: ["account", "action"],
    platforms: ["google", "meta", "linkedin"],
    inReportingCurrency: false,
  });
  const ofReport = reported.map((row) => [
    row["platform"],
    row["account_id"],
    row["conversion_action_id"],
    row["conversions"],
    row["cost_per_conversion"],
  ]);
  expect(
    rows
      .map((row) => [row.platform, row.account_id, row.part_id, row.conversions, row.cost_per_conversion])
      .toSorted(byKeys),
  ).toEqual(ofReport.toSorted(byKeys));
  expect(new Set(rows.map(({ part }) => part))).toEqual(new Set(["Lead <form>", "Purchase"]));
  expect(totals[0]).toMatchObject(
    await one(
      database.pool,
      `select sum(spend) as spend from marts.cost_per_conversion_daily where ${inRange}`,
    ),
  );
});

test("campaigns are searched, sorted and paged in the database", async () => {
  const { url, database } = shared;
  const path = `/api/breakdown?${range}&by=campaign&sort=cost_per_conversion&order=asc&size=7`;
  const first = await ask<Breakdown>(url, `${path}&page=1`);
  const second = await ask<Breakdown>(url, `${path}&page=2`);
  const { rows } = await database.pool.query<{ campaign_id: string }>(
    `select campaign_id from marts.cost_per_conversion_daily where ${inRange}
     group by campaign_id order by sum(spend) / nullif(sum(conversions), 0) nulls last limit 14`,
  );
  expect([...first.rows, ...second.rows].map(({ campaign_id }) => campaign_id)).toEqual(
    rows.map(({ campaign_id }) => campaign_id),
  );
  expect(first.count).toBe(30);
  const found = await ask<Breakdown>(
    url,
    `/api/breakdown?${range}&by=campaign&q=${encodeURIComponent('søk</B> & "')}`,
  );
  expect(found.count).toBe(6);
  expect((await ask<Breakdown>(url, `/api/breakdown?${range}&by=campaign&q=100%25`)).count).toBe(0);
  const countOf = async (q: string): Promise<number> =>
    (await ask<Breakdown>(url, `/api/breakdown?${range}&by=campaign&q=${encodeURIComponent(q)}`)).count;
  expect(await countOf("SØK</B>")).toBe(await countOf("søk</b>"));
  expect(await countOf("SØK</B>")).toBeGreaterThan(0);
  // Signs of patterns and of regular expressions mean themselves.
  for (const q of ["s_k", "s%k", ".øk", "[s]øk", "(?i)søk", "***=søk", "søk|brand", "\\", "^brand", "{"])
    expect([q, await countOf(q)]).toEqual([q, 0]);
});

test("drilling down narrows to an account and a campaign", async () => {
  const { url, database } = shared;
  const { rows } = await ask<Breakdown>(url, `/api/breakdown?${range}&by=campaign&account=google:1000001`);
  expect(rows).toHaveLength(5);
  const campaign = rows[0]?.campaign_id ?? "";
  const networks = await ask<Breakdown>(
    url,
    `/api/breakdown?${range}&by=network&account=google:1000001&campaign=${campaign}`,
  );
  expect(Number(networks.totals[0]?.spend)).toBeCloseTo(
    Number(
      (
        await one(
          database.pool,
          `select sum(spend) as spend from marts.cost_per_conversion_daily where ${inRange} and campaign_id = '${campaign}'`,
        )
      )["spend"],
    ),
    4,
  );
});

test("the download has every row of the breakdown, not just a page", async () => {
  const { url } = shared;
  const answer = await fetch(
    `${url}/api/breakdown.csv?${range}&by=campaign&size=3&q=${encodeURIComponent("a")}`,
  );
  expect(answer.headers.get("content-disposition")).toContain("costper-campaign.csv");
  const lines = (await answer.text()).trim().split("\n");
  expect(lines[0]).toMatch(
    /^from,to,platform,account_id,account_name,campaign_id,campaign_name,currency,spend,/,
  );
  expect(lines).toHaveLength(31);
  const networks = await (await fetch(`${url}/api/breakdown.csv?${range}&by=network`)).text();
  expect(networks).toContain("2026-11-01,2026-11-20,google,SEARCH,EUR,");
});

test.each(["breakdown.csv", "breakdown.xlsx", "channels.csv", "channels.xlsx"])(
  "%s that cannot be made is refused as the page's own questions are, and is no broken file",
  async (file) => {
    const queries = ["from=2026-11-20&to=2026-11-01"];
    if (file.startsWith("breakdown")) queries.push("by=ad", "currency=XXX");
    for (const query of queries) {
      const answer = await fetch(`${shared.url}/api/${file}?${query}`);
      expect(answer.status, query).toBe(400);
      expect(answer.headers.get("content-type")).toContain("application/json");
      expect(answer.headers.get("content-disposition")).toBeNull();
      expect(await answer.json()).toMatchObject({ error: expect.any(String), remedy: expect.any(String) });
    }
  },
);

test("a campaign-day shows how it moved from the first report", async () => {
  const { url } = shared;
  const account = "account=google:1000001&campaign=10000010002";
  const days = await ask<{
    rows: readonly { date: string; changes: number; conversions: string; first_conversions: string }[];
  }>(url, `/api/campaign-days?${range}&${account}`);
  const moved = days.rows.find(({ changes, conversions }) => changes === 2 && Number(conversions) > 0);
  expect(Number(moved?.first_conversions)).toBeCloseTo(Number(moved?.conversions) * 0.6, 4);
  const { rows } = await ask<{ rows: readonly unknown[] }>(
    url,
    `/api/history?${account}&date=${String(moved?.date)}`,
  );
  expect(rows).toHaveLength(3);
  const { curves } = await ask<{ curves: readonly { shares: readonly string[] }[] }>(
    url,
    "/api/maturity?account=google:1000001",
  );
  expect(curves[0]?.shares).toHaveLength(31);
});

test("health tells missing, failed and differing days apart", async () => {
  const { url } = shared;
  const { accounts, night, count } = await ask<Health>(url, `/api/health?${range}`);
  expect(await ask<Health>(url, `/api/health?${range}&page=9`)).toMatchObject({ accounts: [], count });
  expect(accounts[0]).toMatchObject({ account_id: "3000002", last_good_date: "2026-11-18" });
  expect(accounts[0]?.states).toBe(`${"c".repeat(18)}nf`);
  const differing = accounts.find(({ account_id }) => account_id === "1000001");
  expect(differing?.states.at(-4)).toBe("d");
  expect(differing?.notes[0]?.text).toBe("platform minus ours 1.25: the platform restated after the fetch");
  expect(night).toHaveLength(6);
  expect(night.at(-1)).toMatchObject({ outcome: "failed", remedy: "log in again", closed: false });
});

test("what a closed account failed with is told as such, whichever days and accounts are looked at", async () => {
  const { url, database } = await startWeb({ seed: smallSeed });
  await database.pool.query(
    `update ops.account_day d set state = 'account_closed' from ops.slice s
     where s.outcome = 'failed' and d.platform = s.platform and d.account_id = s.account_id and d.date = s.to_date`,
  );
  for (const query of ["range=30d", "from=2026-11-01&to=2026-11-24", "platform=google"]) {
    const { night } = await ask<Health>(url, `/api/health?${query}`);
    expect(
      night.map(({ outcome, closed }) => [outcome, closed]).filter(([outcome]) => outcome === "failed"),
      query,
    ).toEqual([["failed", true]]);
  }
});

test("parts whose data is missing say so instead of failing", async () => {
  const { url } = await startWeb();
  expect(await ask(url, "/api/channels")).toMatchObject({ known: false });
  expect(await ask(url, "/api/alerts")).toMatchObject({ known: false });
  expect(await ask(url, "/api/excluded")).toMatchObject({ sources: null, rules: null });
  expect(await ask(url, "/api/overview")).toMatchObject({ groups: [], gaps: 0 });
  expect(await ask(url, "/api/breakdown?by=campaign")).toMatchObject({ rows: [], totals: [], count: 0 });
  expect(await ask(url, "/api/health")).toMatchObject({ accounts: [], night: [] });
});

test("excluded conversions add up to the mart's organic ones", async () => {
  const { url, database } = shared;
  const { days } = await ask<{ days: readonly { organic_conversions: string }[] }>(
    url,
    `/api/excluded?${range}`,
  );
  const { organic } = await one(
    database.pool,
    `select sum(organic_conversions)::float as organic from marts.cost_per_conversion_daily where ${inRange}`,
  );
  expect(days.reduce((sum, day) => sum + Number(day.organic_conversions), 0)).toBe(organic);
});

test("the dictionary explains every column of the marts", async () => {
  const { url } = await startWeb();
  const { tables } = await ask<{
    tables: readonly { name: string; columns: readonly { name: string; meaning: string }[] }[];
  }>(url, "/api/dictionary");
  const daily = tables.find(({ name }) => name === "marts.cost_per_conversion_daily");
  expect(daily?.columns.find(({ name }) => name === "cost_per_conversion")?.meaning).toContain("NULL where");
  expect(tables.map(({ name }) => name).some((name) => name.includes("_2026"))).toBe(false);
});

test("known platform changes are annotated within the range only", async () => {
  const { url } = await startWeb();
  const { annotations } = await ask<{ annotations: readonly { date: string }[] }>(
    url,
    "/api/annotations?from=2026-01-01&to=2026-01-31",
  );
  expect(annotations.map(({ date }) => date)).toEqual(["2026-01-12"]);
});

test.each([
  ["/api/overview?range=all", "range"],
  ["/api/overview?from=2026-02-30", "from"],
  ["/api/overview?from=2026-03-01&to=2026-02-01", "from"],
  ["/api/overview?platform=tiktok", "platform"],
  ["/api/overview?curency=EUR", "curency"],
  ["/api/overview?currency=XYZ", "currency"],
  ["/api/overview?range=7d&range=8d", "range"],
  ["/api/breakdown?by=colour", "by"],
  ["/api/breakdown?sort=spend;drop table", "sort"],
  ["/api/breakdown?page=-1", "page"],
  ["/api/breakdown?page=1e9", "page"],
  ["/api/breakdown?size=100000", "size"],
  ["/api/breakdown.csv?by=colour", "by"],
  ["/api/breakdown?account=1", "account"],
  ["/api/history?account=google:1&campaign=1&date=soon", "date"],
  ["/api/breakdown?q=%00", "q"],
])("%s is refused with a sentence about it", async (path, about) => {
  const { url } = shared;
  const answer = await fetch(url + path);
  const text = await answer.text();
  expect(answer.status, text).toBe(400);
  expect((JSON.parse(text) as { error: string }).error).toContain(about);
  expect(text).not.toMatch(/select|\.ts|node_modules/);
});

test.each(["network", "action"] as const)(
  "figures by %s over all campaigns are what the mart says",
  async (by) => {
    const { url, database } = await startWeb({
      seed: { ...smallSeed, currencies: ["EUR", "CHF"], reportingCurrency: "EUR" },
    });
    const part = by === "network" ? "network" : "conversion_action_id";
    const { rows: told } = await database.pool.query(
      `select platform, ${by === "action" ? "account_id" : "null as account_id"}, ${part} as part_id,
              sum(conversions) as conversions, case when count(*) = count(conversion_value_reporting) then sum(conversion_value_reporting) end as conversion_value, bool_and(is_final) as is_final
       from marts.cost_per_conversion_by_${by}_daily where date between '2026-09-25' and '2026-11-20'
       group by 1, 2, 3 order by 1, 2, 3`,
    );
    const { rows } = await ask<Breakdown>(
      url,
      `/api/breakdown?by=${by}&size=100&from=2026-09-25&to=2026-11-20&currency=EUR`,
    );
    const shown = rows.map(({ platform, account_id, part_id, conversions, conversion_value, is_final }) => ({
      platform,
      account_id,
      part_id,
      conversions,
      conversion_value,
      is_final,
    }));
    const keyOf = (row: Readonly<Record<string, unknown>>) =>
      [row["platform"], row["account_id"], row["part_id"]].join();
    expect(told.length).toBeGreaterThan(2);
    expect(shown.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))).toEqual(told);
  },
);

test("the days that moved most lately come first, each with what stood before", async () => {
  const { url } = shared;
  const { rows } = await ask<{ rows: readonly MovedDay[] }>(url, "/api/moved?platform=google");
  expect(rows.length).toBeGreaterThan(1);
  const moves = rows.map((row) => Math.abs(Number(row.conversions) - Number(row.conversions_before)));
  expect(moves).toEqual(moves.toSorted((a, b) => b - a));
  const { rows: changes } = await ask<{ rows: readonly { observed_at: string; conversions: string }[] }>(
    url,
    `/api/history?account=google:${String(rows[0]?.account_id)}&campaign=${String(rows[0]?.campaign_id)}&date=${String(rows[0]?.date)}`,
  );
  const at = changes.findIndex(({ observed_at }) => observed_at === rows[0]?.observed_at);
  expect(changes[at]?.conversions).toBe(rows[0]?.conversions);
  expect(changes[at - 1]?.conversions).toBe(rows[0]?.conversions_before);
});

test("excluded conversions by source are those of the mart's own view", async () => {
  const { url, database } = await startWeb({ seed: smallSeed });
  await database.pool.query(`
    insert into warehouse.conversion_daily
      (account_key, date, campaign_id, ad_group_id, ad_id, conversion_action_id, attribution, traffic, conversions, conversion_value,
       primary_conversions, primary_conversion_value, all_conversions, all_conversion_value)
    select account_key, '2026-11-05', account_id || '0001', '', '', action, '', 'organic', 2.5, 10, 2.5, 10, 2.5, 10
    from warehouse.account, unnest(array['viral_leads', 'viral_visits']) as action where platform = 'linkedin'`);
  const { rows: accounts } = await database.pool.query<{ account_key: number }>(
    "select account_key from warehouse.account where platform = 'linkedin'",
  );
  for (const { account_key } of accounts) await addUpSums(database.pool, account_key, ["2026-11-05"]);
  const answer = await ask<Excluded>(url, `/api/excluded?${range}`);
  const { rows } = await database.pool.query(
    `select platform, source, sum(conversions) as conversions from marts.organic_excluded_daily
     where ${inRange} group by 1, 2 order by 3 desc, 1, 2`,
  );
  expect(rows).toHaveLength(2);
  expect(answer.sources).toEqual(rows);
  const { rows: rules } = await database.pool.query(
    `select rule, count(*)::text as conversions from marts.excluded_conversions where ${inRange} group by 1 order by 1`,
  );
  expect(
    answer.rules
      ?.map(({ rule, conversions }) => ({ rule, conversions: String(Number(conversions)) }))
      .toSorted((a, b) => String(a.rule).localeCompare(String(b.rule))),
  ).toEqual(rules);
});

test("a firing alert carries the figure of its rule's window, day after day", async () => {
  const { url, database } = await startWeb({
    seed: smallSeed,
    alerts: alertSettings().parse([
      { name: "too-expensive", metric: "cost_per_conversion", by: "campaign", window: "7d", above: 40 },
      { name: "stale", metric: "freshness", above: 36 },
    ]),
  });
  await database.pool.query("update ops.alert set window_to = '2026-11-20'");
  const { alerts } = await ask<Alerts>(url, "/api/alerts");
  const firing = alerts.find(({ rule }) => rule === "too-expensive");
  expect(firing?.daily).toMatchObject({ from: "2026-09-22", window_days: 7 });
  expect(firing?.daily?.values).toHaveLength(60);
  const week = await one(
    database.pool,
    `select round(sum(spend) / sum(conversions), 6) as cost from marts.cost_per_conversion_daily
     where campaign_id = '10000010001' and date between '2026-11-14' and '2026-11-20'`,
  );
  expect(firing?.daily?.values.at(-1)).toBe(week["cost"]);
  expect(alerts.find(({ rule }) => rule === "stale")?.daily).toBeNull();
});
