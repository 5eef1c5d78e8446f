import type pg from "pg";
import { expect, test } from "vitest";
import type { Account } from "../../src/domain/facts.ts";
import { Failure } from "../../src/domain/failure.ts";
import { beginNight } from "../../src/jobs/night.ts";
import { insertPlan } from "../../src/sync/ledger/add.ts";
import { defer, finish, putBack, take, type Want } from "../../src/sync/ledger/hold.ts";
import { giveUpPaused, isOpen, reopen, stopRest } from "../../src/sync/ledger/rest.ts";
import { sharedPauses } from "../../src/warehouse/shared-limits/pauses.ts";
import type { Slice } from "../../src/sync/slice.ts";
import { startRun } from "../../src/warehouse/runs.ts";
import { silent } from "../jobs/backends.ts";
import { freshDatabase } from "../support/database.ts";

const accountOf = (id: string): Account => ({
  platform: "google",
  id,
  name: `Account ${id}`,
  currency: "EUR",
  timeZone: "Europe/Berlin",
  status: "ENABLED",
  active: true,
});

const slicesOf = (id: string, accountKey: number, count: number): Slice[] =>
  Array.from({ length: count }, (_, index) => {
    const day = `2026-10-${String(20 - index).padStart(2, "0")}`;
    return { account: accountOf(id), accountKey, withEntities: index === 0, from: day, to: day };
  });

const usual = { runId: null, accountAtOnce: 2, leaseSeconds: 30 } as const;

/** Takes a job of Google as a worker with a hand free does. */
const google = (pool: pg.Pool, more: Partial<Want> = {}) =>
  take(pool, { platform: "google", ...usual, ...more });

/** Takes a job that belongs to no platform. */
const other = (pool: pg.Pool) => take(pool, { platform: null, ...usual });

/** A night of Google alone, planned. */
const planned = async (...slices: readonly Slice[][]) => {
  const { pool } = await freshDatabase();
  const runId =
    (await beginNight(
      { pool, log: silent, platforms: ["google"] },
      { at: new Date(), wallClock: "tonight" },
    )) ?? "";
  const plan = await other(pool);
  expect(plan?.job.kind).toBe("plan");
  await insertPlan(pool, runId, { slices: slices.flat(), failures: [] });
  await finish(pool, plan?.job.jobId ?? "");
  return { pool, runId };
};

const lapse = (pool: pg.Pool) =>
  pool.query("update ops.job set lease_until = now() - interval '1 second' where state = 'running'");

test("gives a big account no more places than it may have, and the next one the rest", async () => {
  const { pool } = await planned(slicesOf("1", 1, 9), slicesOf("2", 2, 1));
  const taken = [await google(pool), await google(pool), await google(pool), await google(pool)];
  expect(taken.map((one) => one?.job.accountId)).toEqual(["1", "1", "2", undefined]);
});

test("gives rates after the plans, an account's rollup after its slices, failed ones too, and the close last", async () => {
  const { pool } = await planned(slicesOf("1", 1, 2));
  const rates = await other(pool);
  expect(rates?.job.kind).toBe("rates");
  const [first, second] = [await google(pool), await google(pool)];
  await finish(pool, first?.job.jobId ?? "");
  expect(await google(pool)).toBeUndefined();
  await finish(
    pool,
    second?.job.jobId ?? "",
    new Failure({ kind: "data", message: "a number that is none" }),
  );
  const rollup = await google(pool);
  expect(rollup?.job.kind).toBe("rollup");
  await finish(pool, rollup?.job.jobId ?? "");
  expect(await other(pool)).toBeUndefined();
  await finish(pool, rates?.job.jobId ?? "");
  expect((await other(pool))?.job.kind).toBe("close");
});

test("gives the rollup of the account just worked at before other accounts' slices", async () => {
  const { pool, runId } = await planned(slicesOf("1", 1, 1), slicesOf("2", 2, 2));
  const first = await google(pool);
  await finish(pool, first?.job.jobId ?? "");
  const next = await google(pool, { near: { runId, accountKey: 1 } });
  expect(next?.job).toMatchObject({ kind: "rollup", accountKey: 1 });
});

test("gives the place of a slice that failed for a while to the next, but not that of a throttled one", async () => {
  const { pool } = await planned(slicesOf("1", 1, 5));
  const [first, second] = [await google(pool), await google(pool)];
  const later = new Date(Date.now() + 60_000);
  await defer(pool, first?.job.jobId ?? "", later, new Failure({ kind: "transient", message: "reset" }));
  expect((await google(pool))?.job.kind).toBe("slice");
  await defer(pool, second?.job.jobId ?? "", later, new Failure({ kind: "busy", message: "quota" }));
  expect(await google(pool)).toBeUndefined();
});

test("never gives more slices than account and platform bear, however many ask at once, and each once", async () => {
  const { pool } = await planned(slicesOf("1", 1, 4), slicesOf("2", 2, 2), slicesOf("3", 3, 2));
  const asked = await Promise.all(Array.from({ length: 12 }, () => google(pool, { platformAtOnce: 5 })));
  const taken = asked.flatMap((one) => one?.job ?? []);
  expect(taken).toHaveLength(5);
  expect(new Set(taken.map(({ jobId }) => jobId)).size).toBe(5);
  const { rows } = await pool.query<{ n: number }>(
    "select count(*)::integer as n from ops.job where state = 'running' group by account_key",
  );
  expect(Math.max(...rows.map(({ n }) => n))).toBe(2);
});

test("counts the processes that ended over a job, and frees their places when the lease is over", async () => {
  const { pool } = await planned(slicesOf("1", 1, 1), slicesOf("2", 2, 1));
  const one = { platformAtOnce: 1 };
  const first = await google(pool, one);
  expect(first).toMatchObject({ crashes: 0 });
  expect(await google(pool, one)).toBeUndefined();
  await lapse(pool);
  const again = await google(pool, one);
  expect(again).toMatchObject({ job: { jobId: first?.job.jobId }, crashes: 1 });
  await putBack(pool, again?.job.jobId ?? "");
  expect(await google(pool, one)).toMatchObject({
    job: { jobId: first?.job.jobId },
    crashes: 1,
    attempts: 0,
  });
});

test("gives nothing of a platform or an account that is paused, to no process", async () => {
  const { pool } = await planned(slicesOf("1", 1, 1), slicesOf("2", 2, 1));
  const until = new Date(Date.now() + 60_000);
  await sharedPauses(pool).pause("google", "1", until);
  const taken = await google(pool);
  expect(taken?.job.accountId).toBe("2");
  expect(await google(pool)).toBeUndefined();
  await putBack(pool, taken?.job.jobId ?? "");
  await sharedPauses(pool).pause("google", null, until);
  expect(await google(pool)).toBeUndefined();
});

test("gives up what a pause holds back beyond the end of the night", async () => {
  const { pool } = await planned(slicesOf("1", 1, 2), slicesOf("2", 2, 1));
  await sharedPauses(pool).pause("google", "1", new Date(Date.now() + 60_000));
  expect(await giveUpPaused(pool)).toEqual([]);
  await sharedPauses(pool).pause("google", "1", new Date(Date.now() + 30 * 3_600_000));
  expect((await giveUpPaused(pool)).map(({ accountId }) => accountId)).toEqual(["1", "1"]);
  const { rows } = await pool.query("select distinct failure_kind from ops.job where state = 'failed'");
  expect(rows).toEqual([{ failure_kind: "busy" }]);
});

test("a failure stops as much as it reaches: an account, or all of its platform", async () => {
  const { pool, runId } = await planned(slicesOf("1", 1, 3), slicesOf("2", 2, 3));
  const job = { runId, platform: "google", accountId: "1" } as const;
  const stop = async (kind: Failure["kind"]) =>
    (await stopRest(pool, job, new Failure({ kind, message: "it failed" }))).length;
  expect([await stop("data"), await stop("account"), await stop("credentials")]).toEqual([0, 3, 3]);
});

test("keeps a watched run and the nights apart, and gives what an interrupted run lacks once more", async () => {
  const { pool } = await planned(slicesOf("1", 1, 1));
  const run = await startRun(pool, "sync", "a plan");
  await insertPlan(pool, run.id, { slices: slicesOf("1", 1, 3), failures: [] });
  const watched = (more: Partial<Want> = {}) => google(pool, { runId: run.id, accountAtOnce: 9, ...more });
  const first = await watched();
  expect(first?.job.runId).toBe(run.id);
  expect((await google(pool))?.job.runId).not.toBe(run.id);
  expect(await google(pool)).toBeUndefined();
  await finish(pool, first?.job.jobId ?? "");
  await finish(pool, (await watched())?.job.jobId ?? "", new Failure({ kind: "data", message: "wrong" }));
  await watched();
  await run.finish("interrupted");
  const second = await startRun(pool, "sync", "a plan");
  expect(second).toMatchObject({ id: run.id, continued: true });
  await reopen(pool, run.id);
  await insertPlan(pool, run.id, { slices: slicesOf("1", 1, 3), failures: [] });
  const rest = [await watched(), await watched(), await watched()];
  expect(rest.map((one) => one?.job.kind)).toEqual(["slice", "slice", undefined]);
  for (const one of rest) await finish(pool, one?.job.jobId ?? "");
  expect(await isOpen(pool, run.id, "google")).toBe(true);
  await finish(pool, (await watched())?.job.jobId ?? "");
  expect(await isOpen(pool, run.id, "google")).toBe(false);
  await second.finish("done");
});
