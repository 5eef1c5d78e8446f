import { expect, test } from "vitest";
import { distribute } from "../../../src/warehouse/distribute.ts";
import { migrate } from "../../../src/warehouse/migrate.ts";
import { digestsOf, emptyCluster, shards, spread, writtenAt } from "./support.ts";
import { range, worldOver } from "./world.ts";

test("a filled warehouse keeps every row when it is distributed, also where that was broken off", async () => {
  const cluster = await emptyCluster();
  await migrate(cluster);
  const world = await worldOver(cluster.url);
  await world.sync(range);
  const before = await digestsOf(cluster);
  expect(Number(before["warehouse.ad_daily"]?.split(" ")[0])).toBeGreaterThan(1_000);

  const stop = new AbortController();
  const first: string[] = [];
  await expect(
    (async () => {
      for await (const { table } of distribute(cluster, { shards, signal: stop.signal })) {
        first.push(table);
        if (first.length === 12) stop.abort(new DOMException("interrupted", "AbortError"));
      }
    })(),
  ).rejects.toThrow("interrupted");
  expect(await digestsOf(cluster)).toEqual(before);

  const then = await spread(cluster);
  expect(then.filter(({ outcome }) => outcome === "placed").length).toBeGreaterThan(20);
  expect(await digestsOf(cluster)).toEqual(before);
  expect((await spread(cluster)).filter(({ outcome }) => outcome !== "already")).toEqual([]);

  const written = await writtenAt(cluster);
  const again = await world.sync(range);
  expect(again.json.slices.filter(({ rows_written }) => rows_written > 0)).toEqual([]);
  expect(await writtenAt(cluster)).toEqual(written);
  expect(await digestsOf(cluster)).toEqual(before);
});
