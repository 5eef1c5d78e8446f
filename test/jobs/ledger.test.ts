import type pg from "pg";
import { expect, test } from "vitest";
import type { Account } from "../../src/domain/facts.ts";
import { Failure } from "../../src/domain/failure.ts";
import { claim, defer, finish, insertPlan, stopRest, type Job } from "../../src/jobs/ledger.ts";
import { beginNight } from "../../src/jobs/night.ts";
import { sharedPauses } from "../../src/warehouse/shared-limits/pauses.ts";
import { releaseReady } from "../../src/jobs/release.ts";
import type { Slice } from "../../src/sync/slice.ts";
import { freshDatabase } from "../support/database.ts";
import { silent } from "./backends.ts";

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

/** A night of Google alone, planned. */
const planned = async (...slices: readonly Slice[][]) => {
  const { pool } = await freshDatabase();
  const runId =
    (await beginNight(
      { pool, log: silent, platforms: ["google"] },
      { at: new Date(), wallClock: "tonight" },
    )) ?? "";
  const [plan] = await releaseReady(pool, runId);
  await insertPlan(pool, runId, { slices: slices.flat(), failures: [], accountAtOnce: 2 });
  await finish(pool, plan?.jobId ?? "");
  return { pool, runId };
};

const release = async (pool: pg.Pool, runId: string): Promise<readonly Job[]> => releaseReady(pool, runId);

/** Asks for a job as a worker does. */
const take = (pool: pg.Pool, jobId = "", platformAtOnce = 1) => claim(pool, jobId, platformAtOnce, 30);

const kindsOf = (jobs: readonly Job[]): string[] =>
  jobs.map(({ kind, accountId }) => `${kind} ${accountId ?? ""}`.trim()).sort();

test("lets a big account have no more in the queue than a small one", async () => {
  const { pool, runId } = await planned(slicesOf("1", 1, 9), slicesOf("2", 2, 1));
  expect(kindsOf(await release(pool, runId))).toEqual(["rates", "slice 1", "slice 1", "slice 2"]);
  expect(await release(pool, runId)).toEqual([]);
});

test("rolls an account up after its slices, failed ones too, and closes after everything", async () => {
  const { pool, runId } = await planned(slicesOf("1", 1, 2));
  const jobs = await release(pool, runId);
  const [first, second] = jobs.filter(({ kind }) => kind === "slice");
  const rates = jobs.find(({ kind }) => kind === "rates");
  await finish(pool, first?.jobId ?? "");
  expect(await release(pool, runId)).toEqual([]);
  await finish(pool, second?.jobId ?? "", new Failure({ kind: "data", message: "a number that is none" }));
  const [rollup] = await release(pool, runId);
  expect(rollup?.kind).toBe("rollup");
  await finish(pool, rollup?.jobId ?? "");
  expect(await release(pool, runId)).toEqual([]);
  await finish(pool, rates?.jobId ?? "");
  expect(kindsOf(await release(pool, runId))).toEqual(["close"]);
});

test("gives the place of a slice that failed for a while to the next, but not that of a throttled one", async () => {
  const { pool, runId } = await planned(slicesOf("1", 1, 5));
  const [first, second] = (await release(pool, runId)).filter(({ kind }) => kind === "slice");
  await defer(pool, first?.jobId ?? "", new Date(), new Failure({ kind: "transient", message: "reset" }));
  expect(kindsOf(await release(pool, runId))).toEqual(["slice 1"]);
  await defer(pool, second?.jobId ?? "", new Date(), new Failure({ kind: "busy", message: "quota" }));
  expect(await release(pool, runId)).toEqual([]);
});

test("never lets more slices run than account and platform bear, whoever asks", async () => {
  const { pool, runId } = await planned(slicesOf("1", 1, 4), slicesOf("2", 2, 2), slicesOf("3", 3, 2));
  await pool.query("update ops.job set state = 'queued' where kind = 'slice' and run_id = $1", [runId]);
  const { rows } = await pool.query<{ job_id: string }>(
    "select job_id from ops.job where kind = 'slice' order by account_key, position",
  );
  const claims = await Promise.all(rows.map(({ job_id }) => take(pool, job_id, 5)));
  expect(claims.filter(({ verdict }) => verdict === "claimed")).toHaveLength(5);
  const perAccount = await pool.query<{ n: number }>(
    "select count(*)::integer as n from ops.job where state = 'running' group by account_key",
  );
  expect(Math.max(...perAccount.rows.map(({ n }) => n))).toBe(2);
});

test("counts the workers that died over a job, and frees their places when their lease is over", async () => {
  const { pool, runId } = await planned(slicesOf("1", 1, 3));
  const [first] = (await release(pool, runId)).filter(({ kind }) => kind === "slice");
  const lapse = () =>
    pool.query("update ops.job set lease_until = now() - interval '1 second' where state = 'running'");
  expect(await take(pool, first?.jobId, 1)).toMatchObject({ verdict: "claimed", crashes: 0 });
  await lapse();
  expect(await take(pool, first?.jobId, 1)).toMatchObject({ verdict: "claimed", crashes: 1 });
  const other = await pool.query<{ job_id: string }>(
    "select job_id from ops.job where state = 'queued' and kind = 'slice'",
  );
  const otherId = other.rows[0]?.job_id ?? "";
  expect((await take(pool, otherId, 1)).verdict).toBe("platform_full");
  await lapse();
  expect((await take(pool, otherId, 1)).verdict).toBe("claimed");
});

test("gives a job to one worker only while its lease holds, however many ask at once", async () => {
  const { pool, runId } = await planned(slicesOf("1", 1, 1));
  const [job] = (await release(pool, runId)).filter(({ kind }) => kind === "slice");
  const claims = await Promise.all(Array.from({ length: 6 }, () => take(pool, job?.jobId, 5)));
  expect(claims.map(({ verdict }) => verdict).sort()).toEqual([
    "claimed",
    ...Array<string>(5).fill("leased"),
  ]);
  const lease = await pool.query<{ lease_until: Date }>(
    "select lease_until from ops.job where state = 'running'",
  );
  expect(claims.find(({ verdict }) => verdict === "leased")?.until).toEqual(lease.rows[0]?.lease_until);
});

test("runs nothing of a platform or an account that is paused, in any process", async () => {
  const { pool, runId } = await planned(slicesOf("1", 1, 1), slicesOf("2", 2, 1));
  const jobs = (await release(pool, runId)).filter(({ kind }) => kind === "slice");
  const until = new Date(Date.now() + 60_000);
  await sharedPauses(pool).pause("google", "1", until);
  expect(await sharedPauses(pool).until("google", "1")).toEqual(until);
  const claims = await Promise.all(jobs.map(({ jobId }) => take(pool, jobId, 5)));
  expect(claims.map(({ verdict }) => verdict).sort()).toEqual(["claimed", "paused"]);
  await sharedPauses(pool).pause("google", null, until);
  await pool.query("update ops.job set state = 'queued' where kind = 'slice'");
  expect((await take(pool, jobs[0]?.jobId, 5)).verdict).toBe("paused");
  expect((await take(pool, jobs[1]?.jobId, 5)).verdict).toBe("paused");
});

test("a failure stops as much as it reaches: an account, or all of its platform", async () => {
  const { pool, runId } = await planned(slicesOf("1", 1, 3), slicesOf("2", 2, 3));
  const job = { runId, platform: "google", accountId: "1" } as const;
  expect(await stopRest(pool, job, new Failure({ kind: "data", message: "one slice" }))).toBe(0);
  expect(await stopRest(pool, job, new Failure({ kind: "account", message: "no permission" }))).toBe(3);
  expect(await stopRest(pool, job, new Failure({ kind: "credentials", message: "revoked" }))).toBe(3);
});
