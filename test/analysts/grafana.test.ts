import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import { readTables } from "../../scripts/warehouse-docs/catalog.ts";
import { withUnits } from "../../scripts/warehouse-docs/grafana.ts";
import { freshDatabase } from "../support/database.ts";

const file = join(
  import.meta.dirname,
  "..",
  "..",
  "deploy",
  "grafana",
  "dashboards",
  "cost-per-conversion.json",
);
const text = await readFile(file, "utf8");

test("the dashboard's units are those that the catalogue's comments say", async () => {
  const tables = await readTables(await freshDatabase());
  expect(JSON.parse(text)).toEqual(withUnits(tables, JSON.parse(text)));
});

test("a share is a percentage, an amount has cents, a click is whole, days are days", async () => {
  const tables = await readTables(await freshDatabase());
  const panel = (type: string, rawSql: string) => ({
    panels: [{ title: "t", type, targets: [{ rawSql }] }],
  });
  const shown = z.object({ panels: z.array(z.object({ fieldConfig: z.unknown() })) });
  const one = (rawSql: string) =>
    shown.parse(withUnits(tables, panel("stat", rawSql))).panels[0]?.fieldConfig;
  const daily = "from marts.cost_per_conversion_daily";
  for (const [sql, unit, decimals] of [
    [`select sum(conversions) / nullif(sum(clicks), 0) as conversion_rate ${daily}`, "percentunit", 2],
    [
      `select sum(spend_reporting) / nullif(sum(conversions), 0) as cost_per_conversion ${daily}`,
      "locale",
      2,
    ],
    [`select sum(clicks) as clicks ${daily}`, "locale", 0],
    ["select max(days_behind) as days_behind from marts.account_freshness", "d", 0],
  ] as const)
    expect(one(sql), sql).toEqual({ defaults: { unit, decimals }, overrides: [] });
  expect(
    shown.parse(withUnits(tables, panel("table", `select platform, sum(spend) as spend ${daily}`))).panels[0]
      ?.fieldConfig,
  ).toMatchObject({ overrides: [{ matcher: { id: "byName", options: "spend" } }] });
  for (const [sql, message] of [
    [`select sum(cost) as cost ${daily}`, "has no meaning"],
    [`select sum(clicks) / nullif(sum(spend), 0) as x ${daily}`, "has no meaning"],
    [`select sum(organic_conversions) as conversions ${daily}`, "conversions is organic_conversions"],
    [`select sum(spend) as spend, sum(clicks) as clicks ${daily}`, "shows 2 figures"],
    ["select sum(spend) as spend from ops.slice", "reads no table"],
  ] as const)
    expect(() => one(sql), sql).toThrow(message);
});
