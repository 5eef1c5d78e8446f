import { expect, test } from "vitest";
import type { Configured } from "../../src/metrics/morning/accounts.ts";
import { readMissing } from "../../src/metrics/missing.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { reading } from "../../src/warehouse/reading.ts";
import { freshDatabase } from "../support/database.ts";
import { stage } from "./stage.ts";

const missing = ({ db }: Database, configured: Configured) =>
  reading(db, (read) =>
    readMissing({
      read,
      configured,
      schedule: { pattern: "30 3 * * *", timeZone: "Europe/Copenhagen" },
      now: new Date("2026-03-15T20:00:00Z"),
    }),
  );

test("nothing is missing where every account has the day that the night should have brought", async () => {
  const database = await freshDatabase();
  await stage(database, [{ id: "1" }]);
  expect(await missing(database, [{ platform: "meta" }])).toEqual([]);
});

test("a configured platform without an account, one without figures and an account that is behind are said", async () => {
  const database = await freshDatabase();
  await stage(database, [{ id: "1" }, { id: "2" }, { id: "3", platform: "google" }]);
  await database.pool.query(
    `update ops.account_day set state = 'failed'
     where (account_id = '2' and date > '2026-03-10') or account_id = '3'`,
  );
  await database.pool.query(
    `insert into ops.slice (platform, account_id, from_date, to_date, outcome, failure, remedy)
     values ('google', '3', '2026-03-01', '2026-03-14', 'failed', 'the token was revoked', 'costper connect google')`,
  );
  const found = await missing(database, [
    { platform: "meta" },
    { platform: "google" },
    { platform: "linkedin" },
  ]);
  expect(found.map(({ text, remedy }) => [text, remedy])).toEqual([
    [
      "google is configured and has no figures yet: every figure is without it (the token was revoked)",
      "costper connect google",
    ],
    [
      "linkedin is configured and has no account yet: every figure is without it",
      "costper sync looks for them; costper connect linkedin signs in",
    ],
    [
      "meta account 2 (2) has figures up to 2026-03-10 only",
      "costper doctor says what is wrong, costper sync tries again",
    ],
  ]);
});

test("accounts that the configuration no longer reaches are not missed", async () => {
  const database = await freshDatabase();
  await stage(database, [{ id: "1" }, { id: "2" }, { id: "3", platform: "google" }]);
  await database.pool.query("update ops.account_day set state = 'failed' where account_id <> '1'");
  expect(await missing(database, [{ platform: "meta", accounts: ["1"] }])).toEqual([]);
});
