import { afterAll, beforeAll, expect, test } from "vitest";
import type { Alerts } from "../../src/web/api/health-answers.ts";
import type { Breakdown, Overview } from "../../src/web/api/answers.ts";
import { openShared, smallSeed, startWeb } from "../support/web.ts";

let shared: Awaited<ReturnType<typeof openShared>>;
beforeAll(async () => {
  shared = await openShared({ ...smallSeed, days: 400 });
});
afterAll(() => shared.close());

const ask = async <Answer>(url: string, path: string): Promise<Answer> => {
  const response = await fetch(url + path);
  expect(response.status, path).toBe(200);
  return (await response.json()) as Answer;
};

test.each([
  // The youngest day is a Friday, 20 November.
  ["range=yesterday", "2026-11-20", "2026-11-20", "2026-11-19", "2026-11-19"],
  ["range=7d", "2026-11-14", "2026-11-20", "2026-11-07", "2026-11-13"],
  ["range=this_month", "2026-11-01", "2026-11-20", "2026-10-01", "2026-10-20"],
  ["range=last_month", "2026-10-01", "2026-10-31", "2026-09-01", "2026-09-30"],
  ["range=quarter", "2026-10-01", "2026-11-20", "2026-07-01", "2026-08-20"],
  ["range=year", "2026-01-01", "2026-11-20", "2025-01-01", "2025-11-20"],
  ["range=7d&compare=year", "2026-11-14", "2026-11-20", "2025-11-14", "2025-11-20"],
  ["from=2026-02-01&to=2026-03-31", "2026-02-01", "2026-03-31", "2025-12-01", "2026-01-31"],
  ["from=2026-03-31&to=2026-04-02", "2026-03-31", "2026-04-02", "2026-03-28", "2026-03-30"],
  ["from=2028-02-29&to=2028-02-29&compare=year", "2028-02-29", "2028-02-29", "2027-02-28", "2027-02-28"],
])("%s means these days, and is compared with those", async (query, from, to, earliest, latest) => {
  const { range, before } = await ask<Overview>(shared.url, `/api/overview?${query}`);
  expect(range).toEqual({ from, to });
  expect(before).toEqual({ from: earliest, to: latest });
});

test("without a comparison there is none, and an unknown range or comparison is refused", async () => {
  const { before, groups } = await ask<Overview>(shared.url, "/api/overview?range=7d&compare=none");
  expect(before).toBeNull();
  expect(groups[0]?.compared).toBeNull();
  for (const query of ["range=last_week", "range=0d", "range=toString", "range=__proto__", "compare=before"])
    expect((await fetch(`${shared.url}/api/overview?${query}`)).status, query).toBe(400);
});

const figuresIn = async (from: string, to: string, accounts: string): Promise<Record<string, string>> =>
  (
    await shared.database.pool.query<Record<string, string>>(
      `select sum(spend) as spend, sum(conversions) as conversions, sum(projected_conversions) as projected_conversions
       from marts.cost_per_conversion_by_account_daily where date between $1 and $2 and ${accounts}`,
      [from, to],
    )
  ).rows[0] ?? {};

test("days that were not fetched whole are compared with nothing: their account is left out on both sides", async () => {
  const answer = await ask<Overview>(shared.url, "/api/overview?range=7d");
  expect(answer).toMatchObject({ left_out: 1, accounts: 6 });
  const whole = "account_id <> '3000002'";
  const [group] = answer.groups;
  expect(group?.compared?.now).toMatchObject(await figuresIn("2026-11-14", "2026-11-20", whole));
  expect(group?.compared?.before).toMatchObject(await figuresIn("2026-11-07", "2026-11-13", whole));
  expect(group?.now).toMatchObject(await figuresIn("2026-11-14", "2026-11-20", "true"));
});

test("days before the first night are no comparison", async () => {
  const { groups, left_out, accounts } = await ask<Overview>(
    shared.url,
    "/api/overview?from=2025-10-17&to=2025-11-17",
  );
  expect({ left_out, accounts }).toEqual({ left_out: 6, accounts: 6 });
  expect(groups[0]?.compared).toBeNull();
});

test("the periods of all platforms add up to the range, and a single day is drawn at the end of its month", async () => {
  const answer = await ask<Overview>(shared.url, "/api/overview?range=yesterday");
  expect(answer.drawn).toEqual({ from: "2026-10-22", to: "2026-11-20" });
  const all = answer.groups[0]?.periods.filter(({ platform }) => platform === "") ?? [];
  expect(all).toHaveLength(30);
  expect(all.at(-1)).toMatchObject({
    date: "2026-11-20",
    ...(await figuresIn("2026-11-20", "2026-11-20", "true")),
  });
  expect(answer.groups[0]?.now).toMatchObject(await figuresIn("2026-11-20", "2026-11-20", "true"));
});

test("a campaign has an overview of its own", async () => {
  const { groups } = await ask<Overview>(
    shared.url,
    "/api/overview?range=30d&account=google:1000001&campaign=10000010001",
  );
  const { rows } = await shared.database.pool.query<Record<string, string>>(
    `select sum(spend) as spend, sum(coalesce(projected_conversions, conversions)) as projected_conversions
     from marts.cost_per_conversion_daily
     where campaign_id = '10000010001' and date between '2026-10-22' and '2026-11-20'`,
  );
  expect(groups[0]?.now).toMatchObject(rows[0] ?? {});
});

const campaign = "account=google:1000001&campaign=10000010001";

test.each([
  ["ad_group", campaign, "ad_group_id", "true"],
  ["ad", campaign, "ad_group_id || '/' || ad_id", "true"],
  [
    "ad",
    `${campaign}&ad_group=10000010001-1`,
    "ad_group_id || '/' || ad_id",
    "ad_group_id = '10000010001-1'",
  ],
])("by %s, %s: rows and total are those of the mart, residuals included", async (by, query, id, where) => {
  const answer = await ask<Breakdown>(shared.url, `/api/breakdown?range=30d&by=${by}&${query}`);
  const { rows } = await shared.database.pool.query<Record<string, string>>(
    `select ${id} as id, sum(spend) as spend, sum(conversions) as conversions,
            sum(spend) / sum(conversions) as cost_per_conversion
     from marts.cost_per_conversion_by_${by}_daily
     where campaign_id = '10000010001' and date between '2026-10-22' and '2026-11-20' and ${where}
     group by 1 order by 1`,
  );
  const idOf = (row: Breakdown["rows"][number]): string =>
    by === "ad" ? `${String(row.ad_group_id)}/${String(row.part_id)}` : String(row.ad_group_id);
  // Ads of one cost stand in the order of their names.
  expect(
    answer.rows
      .map((row) => ({
        id: idOf(row),
        spend: row.spend,
        conversions: row.conversions,
        cost_per_conversion: row.cost_per_conversion,
      }))
      .toSorted((a, b) => a.id.localeCompare(b.id)),
  ).toEqual(rows);
  expect(rows.some((row) => row["id"] === "" || row["id"] === "/")).toBe(where === "true");
  expect(answer.rows.every(({ spark }) => spark.some((value) => value !== null))).toBe(true);
});

test("ad groups and ads of all accounts at once are refused, and downloaded within one", async () => {
  const refused = await fetch(`${shared.url}/api/breakdown?by=ad`);
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ remedy: "choose a platform, an account or a campaign" });
  const csv = await (await fetch(`${shared.url}/api/breakdown.csv?by=ad&range=7d&${campaign}`)).text();
  const lines = csv.trim().split("\n");
  expect(lines[0]).toContain("campaign_id,campaign_name,ad_group_id,ad_group_name,ad_id,ad_name,currency");
  expect(lines).toHaveLength(6);
});

test("alerts and what happened are told of one campaign alone", async () => {
  const { url } = await startWeb({ seed: smallSeed });
  const { alerts } = await ask<Alerts>(url, `/api/alerts?${campaign}`);
  expect(alerts.map(({ rule }) => rule)).toEqual(["too-expensive"]);
  expect((await ask<Alerts>(url, "/api/alerts?account=google:1000001&campaign=other")).alerts).toEqual([]);
  const { annotations } = await ask<{ annotations: readonly { text: string }[] }>(
    url,
    "/api/annotations?range=30d&account=meta:2000001&campaign=x",
  );
  expect(annotations.filter(({ text }) => text.startsWith("Alert"))).toEqual([]);
});
