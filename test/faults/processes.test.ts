import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { backends } from "../jobs/backends.ts";
import { begin, nightOver } from "../jobs/night-support.ts";
import { seededRandom } from "../support/random.ts";
import {
  complete,
  endProcess,
  expectUndisturbed,
  noting,
  openStage,
  printOutcomes,
  slicesIn,
  startProcess,
} from "./support.ts";

printOutcomes();

const random = seededRandom("moments of the kills");

/** On each backend: ten in all. */
const killsWished = 5;

const slowDown = (sandbox: Awaited<ReturnType<typeof openStage>>["sandbox"], ms: number): void => {
  for (const server of [sandbox.servers.google, sandbox.servers.meta, sandbox.servers.linkedin])
    server.latencyMs = ms;
};

describe.each(backends)("with the queue on %s", (kind) => {
  test("a worker killed again and again at random points of a night loses and doubles nothing", () =>
    noting("kill -9 of workers at random points", kind, async () => {
      const stage = await openStage(kind);
      slowDown(stage.sandbox, 150);
      let worker = await startProcess(stage);
      let spare = startProcess(stage);
      const runId = await begin(stage.config, stage.database, stage.queues);
      let kills = 0;
      const over = nightOver(stage.database, runId, 120_000);
      const night = { ended: false };
      void over.finally(() => (night.ended = true)).catch(() => undefined);
      while (kills < killsWished && !night.ended) {
        await sleep(random() * 1_200);
        if (night.ended) break;
        await endProcess(worker, "SIGKILL");
        kills += 1;
        worker = await spare;
        spare = startProcess(stage);
        spare.catch(() => undefined);
      }
      expect(await over).toBe("done");
      await spare;
      expect(kills).toBeGreaterThan(2);
      await expectUndisturbed(stage.database, runId);
      return `${complete} (${String(kills)} kills)`;
    }));

  test("two schedulers and four workers begin one night and do each slice once", () =>
    noting("two schedulers, four workers", kind, async () => {
      const stage = await openStage(kind);
      const { pool } = stage.database;
      // Due while nobody was there: every process that starts wants to catch it up.
      await pool.query(
        "insert into ops.schedule (name, pattern, time_zone, since) values ('night', '0 3 * * *', 'Europe/Copenhagen', '2026-10-01')",
      );
      await Promise.all(Array.from({ length: 4 }, () => startProcess(stage, { patience: "usual" })));
      const { rows } = await pool.query<{ run_id: string }>("select run_id from ops.night");
      expect(rows).toHaveLength(1);
      const runId = rows[0]?.run_id ?? "";
      expect(await nightOver(stage.database, runId, 120_000)).toBe("done");
      await expectUndisturbed(stage.database, runId);
      const twice = await pool.query(
        "select from ops.slice where outcome = 'done' group by platform, account_id, from_date having count(*) > 1",
      );
      expect(twice.rowCount).toBe(0);
      return complete;
    }));

  test("a process that is told to stop puts its slices back within its time", () =>
    noting("SIGTERM in mid-load", kind, async () => {
      const stage = await openStage(kind);
      slowDown(stage.sandbox, 2_500);
      const first = await startProcess(stage);
      const runId = await begin(stage.config, stage.database, stage.queues);
      await slicesIn(stage.database, "running", 2);
      const asked = Date.now();
      await endProcess(first, "SIGTERM");
      expect(first.exitCode).toBe(0);
      expect(Date.now() - asked).toBeLessThan(30_000);
      const left = await stage.database.pool.query("select from ops.job where state = 'running'");
      expect(left.rowCount).toBe(0);
      slowDown(stage.sandbox, 0);
      await startProcess(stage);
      expect(await nightOver(stage.database, runId)).toBe("done");
      await expectUndisturbed(stage.database, runId);
      return complete;
    }));

  test.each([26 * 60, -180])("a clock that jumps by %i minutes in mid-night harms nothing", (minutes) =>
    noting(`clock jumps by ${String(minutes / 60)} h`, kind, async () => {
      const stage = await openStage(kind);
      slowDown(stage.sandbox, 150);
      const process = await startProcess(stage, { jumpMinutes: minutes });
      const runId = await begin(stage.config, stage.database, stage.queues);
      await slicesIn(stage.database, "done", 1);
      process.kill("SIGUSR2");
      expect(await nightOver(stage.database, runId, 120_000)).toBe("done");
      await expectUndisturbed(stage.database, runId);
      return complete;
    }),
  );
});
