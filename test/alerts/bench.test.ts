import { expect, test } from "vitest";
import { benchAlerts } from "../../bench/alerts.ts";
import { freshDatabase } from "../support/database.ts";

test("a thousand rules over ten thousand campaigns", async () => {
  const database = await freshDatabase();
  const result = await benchAlerts(database);
  process.stderr.write(JSON.stringify(result) + "\n");
  expect(result.firing).toBe(1);
}, 300_000);
