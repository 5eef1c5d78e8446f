import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { addDays, countDays, dayAt } from "../../src/domain/day.ts";
import { freshDatabase } from "../support/database.ts";
import { seedMarts } from "../support/seed-marts.ts";

test.each(["history.md", "maturity.md"])("the queries of docs/%s run", async (file) => {
  const { pool } = await freshDatabase();
  const lastDay = addDays(dayAt(new Date(), "UTC"), -1);
  await seedMarts(pool, {
    accounts: 1,
    campaigns: 2,
    days: countDays({ from: "2026-10-01", to: lastDay }),
    lastDay,
  });
  const text = await readFile(join(import.meta.dirname, "..", "..", "docs", file), "utf8");
  const queries = [...text.matchAll(/```sql\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");
  expect(queries.length).toBeGreaterThan(0);
  for (const query of queries) expect((await pool.query(query)).rows, query).not.toEqual([]);
});
