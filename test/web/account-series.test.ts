import { expect, test } from "vitest";
import { addDays, eachDay } from "../../src/domain/day.ts";
import { readBreakdownCoverage } from "../../src/metrics/coverage.ts";
import { report } from "../../src/metrics/report.ts";
import type { Breakdown, CampaignDays } from "../../src/web/api/answers.ts";
import { addUpSums } from "../support/sums.ts";
import { smallSeed, startWeb } from "../support/web.ts";

const from = "2026-11-01";
const changed = "2026-11-11";
const to = "2026-11-20";
const range = `from=${from}&to=${to}`;

/** A page over a warehouse in which Google's first account went on in another time zone in the middle of November. */
const open = async () => {
  const { url, database } = await startWeb({ seed: { ...smallSeed, reportingCurrency: "EUR" } });
  const { pool } = database;
  const { rows: series } = await pool.query<{ account_key: number }>(`
    with closed as (
      update warehouse.account set series_to = '${addDays(changed, -1)}'
      where platform = 'google' and account_id = '1000001' returning *
    )
    select account_key from closed`);
  const { rows: begun } = await pool.query<{ account_key: number }>(`
    insert into warehouse.account (platform, account_id, name, currency, time_zone, status, is_active,
                                   restatement_days, series_from)
    select platform, account_id, 'Renamed', currency, 'America/New_York', status, is_active, restatement_days, '${changed}'
    from warehouse.account where series_to is not null returning account_key`);
  const old = series[0]?.account_key ?? 0;
  const now = begun[0]?.account_key ?? 0;
  for (const table of [
    "cost_per_conversion_daily",
    "cost_per_conversion_by_network_daily",
    "cost_per_conversion_by_action_daily",
  ])
    await pool.query(
      `update figures.${table} set account_key = ${String(now)} where account_key = ${String(old)} and date >= '${changed}'`,
    );
  await pool.query(`
    insert into ops.rollup_day select ${String(now)}, today from ops.rollup_day where account_key = ${String(old)}
      on conflict do nothing;
    insert into warehouse.campaign (account_key, campaign_id, name, status, type)
    select ${String(now)}, campaign_id, name || ' (new)', status, type from warehouse.campaign where account_key = ${String(old)}`);
  for (const key of [old, now]) await addUpSums(pool, key, eachDay({ from: "2026-09-01", to }));
  const ask = async <Answer>(path: string): Promise<Answer> =>
    (await (await fetch(`${url}/api/${path}`)).json()) as Answer;
  return { database, ask };
};

test("a campaign's page has the days before its account's time zone changed and those after", async () => {
  const { database, ask } = await open();
  const { rows } = await ask<CampaignDays>(
    `campaign-days?${range}&account=google:1000001&campaign=10000010001`,
  );
  expect(rows.map(({ date }) => date)).toEqual(eachDay({ from, to }).toReversed());
  const { rows: sums } = await database.pool.query<{ spend: string }>(
    `select sum(spend) as spend from figures.cost_per_conversion_daily
     where campaign_id = '10000010001' and date between '${from}' and '${to}'`,
  );
  expect(rows.reduce((sum, { spend }) => sum + Number(spend), 0)).toBeCloseTo(Number(sums[0]?.spend), 4);
  const { campaign } = await ask<CampaignDays>(
    `campaign-days?${range}&account=google:1000001&campaign=10000010001`,
  );
  expect(campaign).toMatchObject({ account_name: "Renamed", account_id: "1000001" });
  expect(campaign.campaign_name).toContain("(new)");
});

test("an account whose time zone changed is one row, with the spend that the report has", async () => {
  const { database, ask } = await open();
  const question = { from, to, platforms: ["google" as const], inReportingCurrency: true };
  const accounts = (await ask<Breakdown>(`breakdown?${range}&by=account&platform=google`)).rows;
  const told = await report(database.db, { ...question, by: ["account"] });
  const spendOf = (
    rows: readonly { readonly account_id?: string | null; readonly spend?: string | null }[],
  ) => {
    const sums = new Map<string, number>();
    for (const { account_id: id, spend } of rows)
      sums.set(id ?? "", (sums.get(id ?? "") ?? 0) + Number(spend));
    return sums;
  };
  expect(accounts.map(({ account_id: id }) => id).toSorted((a, b) => Number(a) - Number(b))).toEqual([
    "1000001",
    "1000002",
  ]);
  expect(spendOf(accounts)).toEqual(spendOf(told));
  const actions = (await ask<Breakdown>(`breakdown?${range}&by=action&account=google:1000001`)).rows;
  const whole = await report(database.db, { ...question, by: ["account", "action"] });
  expect(actions).toHaveLength(2);
  for (const { part_id: id, cost_per_conversion: cost, spend } of actions) {
    expect(Number(spend)).toBeCloseTo(spendOf(told).get("1000001") ?? 0, 4);
    expect(Number(cost)).toBeGreaterThan(0);
    expect(whole.some((row) => row["conversion_action_id"] === id)).toBe(true);
  }
});

test("an account-day is counted once, however often its account's time zone changed", async () => {
  const { database, ask } = await open();
  await database.pool.query(`
    delete from ops.account_day;
    insert into ops.account_day (platform, account_id, date, state, difference)
    select 'google', '1000001', d::date, 'complete', 0 from generate_series('${from}'::date, '${to}', '1 day') d;
    insert into ops.breakdown_day (account_key, date, breakdown)
    select account_key, d::date, 'device' from warehouse.account, generate_series('${from}'::date, '${to}', '1 day') d
    where platform = 'google' and account_id = '1000001'
      and d::date between coalesce(series_from, '-infinity') and coalesce(series_to, 'infinity')`);
  const all = { known: 20, all: 20 };
  expect((await ask<Breakdown>(`breakdown?${range}&by=device`)).brought).toEqual(all);
  expect(await readBreakdownCoverage(database.db, { from, to, platforms: ["google"] }, "device")).toEqual(
    all,
  );
});
