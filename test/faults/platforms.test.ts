import { describe, expect, test } from "vitest";
import { summarizeNight } from "../../src/jobs/night.ts";
import { retryJobs } from "../../src/jobs/retry.ts";
import { answers, connectionReset, onPath } from "../../sandbox/faults.ts";
import { backends } from "../jobs/backends.ts";
import { begin, nightOver, openService } from "../jobs/night-support.ts";
import {
  complete,
  expectUndisturbed,
  noting,
  openStage,
  printOutcomes,
  slicesIn,
  type Stage,
} from "./support.ts";

printOutcomes();

const networks: readonly (readonly [string, (stage: Stage) => Promise<void> | void])[] = [
  [
    "cut for some requests",
    async ({ sandbox }) => {
      sandbox.servers.meta.addFault(connectionReset({ times: 100_000 }));
      await expect.poll(() => sandbox.servers.meta.requests.length).toBeGreaterThan(5);
      sandbox.servers.meta.clearFaults();
    },
  ],
  ["slow", ({ sandbox }) => void (sandbox.servers.meta.latencyMs = 700)],
  [
    "flapping",
    ({ sandbox }) => {
      let calls = 0;
      sandbox.servers.meta.addFault(
        connectionReset({
          times: 12,
          when: () => {
            calls += 1;
            return calls % 4 === 0;
          },
        }),
      );
    },
  ],
];

describe.each(backends)("with the queue on %s", (kind) => {
  test.each(networks)("one platform's network %s delays the night and changes nothing", (name, disturb) =>
    noting(`network of one platform ${name}`, kind, async () => {
      const stage = await openStage(kind);
      const disturbed = disturb(stage);
      await openService(stage);
      const runId = await begin(stage.config, stage.database, stage.queues);
      await disturbed;
      expect(await nightOver(stage.database, runId, 120_000)).toBe("done");
      await expectUndisturbed(stage.database, runId);
      return complete;
    }),
  );

  test("a poisoned slice is named, holds up nothing else, and can be tried again", () =>
    noting("a poisoned slice", kind, async () => {
      const stage = await openStage(kind);
      const { database, queues } = stage;
      const account = stage.sandbox.platforms.google.accounts.find(({ id }) => id === "1000000012")?.id ?? "";
      stage.sandbox.servers.google.addFault(
        answers(200, [{ results: [{ customer: { id: "x" }, metrics: { costMicros: "many" } }] }], {
          times: 100_000,
          when: onPath(`customers/${account}/googleAds:searchStream`),
        }),
      );
      await openService(stage);
      const runId = await begin(stage.config, database, queues);
      expect(await nightOver(database, runId, 120_000)).toBe("failed");
      const { missing } = await summarizeNight(database.pool, runId);
      expect(missing.map(({ platform, account_id }) => [platform, account_id])).toEqual([
        ["google", account],
      ]);
      const spent = await database.pool.query(
        "select from marts.cost_per_conversion_daily where account_id = $1 limit 1",
        [account],
      );
      expect(spent.rowCount).toBe(0);
      stage.sandbox.servers.google.clearFaults();
      expect(await retryJobs(database.pool, queues, null)).not.toHaveLength(0);
      await slicesIn(database, "done", 11);
      expect(await nightOver(database, runId, 60_000)).toBe("done");
      await expectUndisturbed(database, runId);
      return "exactly it is missing; complete after jobs retry";
    }));
});
