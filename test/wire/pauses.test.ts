import { expect, test } from "vitest";
import { createLimits } from "../../src/connectors/wire/limits.ts";
import { endWrongPauses } from "../../src/sync/ledger/rest.ts";
import { sharedLimits } from "../../src/warehouse/shared-limits/index.ts";
import { freshDatabase } from "../support/database.ts";

const hours = (count: number): Date => new Date(Date.now() + count * 3_600_000);
const soon = new AbortController().signal;

test("a platform that asks to be left alone for years is asked again the next night, by every process", async () => {
  const { pool } = await freshDatabase();
  let time = new Date();
  const limits = createLimits({
    platform: "meta",
    platformConcurrency: 1,
    accountConcurrency: 1,
    maxWaitMs: 0,
    now: () => time,
    shared: sharedLimits(pool),
  });
  limits.pause(null, hours(24 * 365 * 30));
  await expect(limits.run(null, soon, async () => "asked")).rejects.toThrow("the limit holds until");
  const paused = "select until <= now() + interval '26 hours' as ends from ops.pause";
  await expect.poll(async () => (await pool.query(paused)).rows).toEqual([{ ends: true }]);
  time = hours(26);
  expect(await limits.run(null, soon, async () => "asked")).toBe("asked");
});

test("a pause that was written by a clock far ahead ends, and others stay", async () => {
  const { pool } = await freshDatabase();
  await pool.query(
    "insert into ops.pause (platform, account_id, until) values ('x', '', $1), ('meta', '1', $2)",
    [hours(24 * 365 * 5), hours(24)],
  );
  await endWrongPauses(pool);
  expect((await pool.query("select platform from ops.pause")).rows).toEqual([{ platform: "meta" }]);
});
