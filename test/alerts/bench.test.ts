import { expect, test } from "vitest";
import { benchAlerts } from "../../bench/alerts.ts";
import { freshDatabase } from "../support/database.ts";

test("many rules share their passes over the mart, and the same one fires each time", async () => {
  const database = await freshDatabase();
  const result = await benchAlerts(database, { rules: 60, campaigns: 200 });
  expect(result).toMatchObject({ name: "alerts", rules: 60, campaigns: 200, rows: 12_000, firing: 1 });
});
