import { describe, expect, test } from "vitest";
import { backends } from "../jobs/backends.ts";
import { begin, nightOver, openService } from "../jobs/night-support.ts";
import { startOwnPostgres } from "./postgres.ts";
import { complete, expectUndisturbed, noting, openStage, printOutcomes, slicesIn } from "./support.ts";

printOutcomes();

describe.each(backends)("with the queue on %s", (kind) => {
  test("a Postgres that crashes in mid-load and comes back loses nothing", () =>
    noting("Postgres crashes and restarts in mid-load", kind, async () => {
      const postgres = await startOwnPostgres();
      const stage = await openStage(kind, postgres.url);
      for (const server of [stage.sandbox.servers.google, stage.sandbox.servers.meta]) server.latencyMs = 150;
      await openService(stage);
      const runId = await begin(stage.config, stage.database, stage.queues);
      await slicesIn(stage.database, "done", 1);
      await postgres.crash();
      expect(await nightOver(stage.database, runId, 120_000)).toBe("done");
      await expectUndisturbed(stage.database, runId);
      return complete;
    }));

  test("a disk that is full for a while stops nothing but the slices that met it", () =>
    noting("disk full (53100) on COPY", kind, async () => {
      const stage = await openStage(kind);
      const { pool } = stage.database;
      await pool.query(`
        create function ops.disk_full() returns trigger language plpgsql as $$
        begin
          raise exception 'could not extend file: No space left on device' using errcode = '53100';
        end $$;
        create trigger disk_full before insert on staging.ad_daily for each statement execute function ops.disk_full();
        create trigger disk_full before insert on warehouse.ad_daily for each statement execute function ops.disk_full();
      `);
      await openService(stage);
      const runId = await begin(stage.config, stage.database, stage.queues);
      await slicesIn(stage.database, "deferred", 2);
      await pool.query("drop function ops.disk_full() cascade");
      expect(await nightOver(stage.database, runId, 120_000)).toBe("done");
      await expectUndisturbed(stage.database, runId);
      return complete;
    }));
});

describe.runIf(backends.includes("redis"))("a Redis", () => {
  test("that is restarted and comes back empty in mid-night is filled again from the ledger", () =>
    noting("Redis restarted and emptied", "redis", async () => {
      const stage = await openStage("redis");
      for (const server of [stage.sandbox.servers.google, stage.sandbox.servers.meta]) server.latencyMs = 150;
      await openService(stage);
      const runId = await begin(stage.config, stage.database, stage.queues);
      await slicesIn(stage.database, "done", 1);
      await stage.redis?.restart();
      expect(await nightOver(stage.database, runId, 120_000)).toBe("done");
      await expectUndisturbed(stage.database, runId);
      expect(await stage.queues.queue("night").getJobSchedulers()).toHaveLength(1);
      return complete;
    }));
});
