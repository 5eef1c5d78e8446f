import { expect, test } from "vitest";
import { freshDatabase } from "../../support/database.ts";
import { alertCommands, differences, printedBy, refused } from "./asked.ts";
import { distributedWarehouse } from "./support.ts";
import { folderOf, range, worldOver } from "./world.ts";

const alerts = [
  { name: "dear", metric: "cost_per_conversion", by: "campaign", above: 5, window: "3d", currency: "EUR" },
  { name: "odd", metric: "spend", by: "account", anomaly: {}, currency: "EUR" },
  // Not freshness: its hours go on between the two.
  { name: "broken", metric: "sync_failure", above: 0 },
];

test("rules find on a distributed warehouse what they find on one Postgres", async () => {
  const cluster = await distributedWarehouse();
  const plain = await freshDatabase();
  const told = [];
  for (const { url } of [cluster, plain]) {
    const world = await worldOver(url, { alerts });
    await world.sync(range);
    told.push(await printedBy(await folderOf(world), alertCommands));
  }
  const [many = {}, one = {}] = told;
  expect(refused(many)).toEqual([]);
  expect(one["alerts list --json"]).toContain("firing");
  expect(differences(many, one)).toEqual([]);
});
