import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readTables } from "../../scripts/warehouse-docs/catalog.ts";
import { questions } from "../../scripts/warehouse-docs/questions.ts";
import { renderPage, renderQuestion, seedWarehouse } from "../../scripts/warehouse-docs/render.ts";
import { freshDatabase } from "../support/database.ts";

const page = await readFile(join(import.meta.dirname, "..", "..", "docs", "warehouse.md"), "utf8");

test("there are twenty questions, and each answer in the docs is what its SQL gives on the example company", async () => {
  const database = await freshDatabase();
  await seedWarehouse(database);
  expect(questions).toHaveLength(20);
  for (const question of questions) {
    const rendered = await renderQuestion(database, question);
    expect(rendered.split("\n").at(-1), question.question).toMatch(/^\| (?!---)/);
    expect(page).toContain(rendered);
  }
});

test("the example company adds up: ads to campaigns, networks to campaigns, views to the mart", async () => {
  const database = await freshDatabase();
  await seedWarehouse(database);
  const { rows } = await database.pool.query<{ spend: string; conversions: string }>(`
    select spend::text, round(conversions, 6)::text as conversions from (
      select sum(spend) as spend, sum(conversions) as conversions from marts.cost_per_conversion_daily
      union all select sum(spend), sum(conversions) from marts.cost_per_conversion_weekly
      union all select sum(spend), sum(conversions) from marts.cost_per_conversion_monthly
      union all select sum(spend), sum(conversions) from ad_reporting.ad_reporting__account_report
      union all select sum(spend), sum(conversions) from ad_reporting.ad_reporting__campaign_report
      union all select sum(spend), sum(conversions) from ad_reporting.ad_reporting__ad_group_report
      union all select sum(spend), sum(conversions) from ad_reporting.ad_reporting__ad_report
    ) sums`);
  expect(rows).toHaveLength(7);
  expect(new Set(rows.map((row) => JSON.stringify(row))).size).toBe(1);
});

test("the page names every table, column and commented function", async () => {
  const database = await freshDatabase();
  await seedWarehouse(database);
  const rendered = await renderPage(database);
  const tables = await readTables(database);
  expect(tables.length).toBeGreaterThan(18);
  for (const { schema, name, columns } of tables) {
    const section = rendered.split(`### ${schema}.${name}\n`)[1]?.split("\n#")[0] ?? "";
    for (const { name: column, comment } of columns) {
      expect(comment, `${schema}.${name}.${column}`).not.toBe("");
      expect(section).toMatch(new RegExp(String.raw`^\| (\*\*)?${column}(\*\*)? \|`, "m"));
    }
  }
  expect(rendered).toContain("warehouse.rate_on");
  expect(rendered).not.toMatch(/_2026\d\d\b/);
});
