import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freshDatabase } from "../support/database.ts";

test.each(["history.md", "maturity.md"])("the queries of docs/%s run", async (file) => {
  const { pool } = await freshDatabase();
  const text = await readFile(join(import.meta.dirname, "..", "..", "docs", file), "utf8");
  const queries = [...text.matchAll(/```sql\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");
  expect(queries.length).toBeGreaterThan(0);
  for (const query of queries) expect((await pool.query(query)).rows).toEqual([]);
});
