import { expect, test } from "vitest";
import { addDays, eachDay } from "../../src/domain/day.ts";
import { learnMaturity } from "../../src/metrics/maturity/learn.ts";
import { freshDatabase } from "../support/database.ts";
import { type Observation, observe, sharesOf, storeAccount } from "./support.ts";

/** What is known of a day's 100 conversions at each age from 1 on. */
const curve = [50, 70, 80, 90, 95, 100] as const;
const first = "2026-03-01";

/** Nightly observations at 03:30 of every day that a sync saw, from the first night to the last. */
const nights = (from: string, to: string, known: readonly number[] = curve): Observation[] =>
  eachDay({ from, to }).flatMap((day) =>
    known.flatMap((conversions, index) => {
      const night = addDays(day, index + 1);
      return night <= to && conversions !== known[index - 1]
        ? [{ day, at: `${night}T03:30:00Z`, conversions }]
        : [];
    }),
  );

const at = (day: string): Date => new Date(`${day}T04:00:00Z`);

test("the share known at each age is learned from how days grew, also from days that are not final yet", async () => {
  const { pool } = await freshDatabase();
  const key = await storeAccount(pool, "google", "1");
  await observe(pool, key, nights(first, "2026-03-25"));
  await learnMaturity({ pool, now: at("2026-03-25") });
  const shares = await sharesOf(pool, "1");
  expect(shares.map(({ age }) => age)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(shares.slice(1, 8).map(({ share }) => share)).toEqual([0.5, 0.7, 0.8, 0.9, 0.95, 1, 1]);
  expect(shares[1]).toMatchObject({ basis: "account", days: 23 });
  expect(shares.at(-1)).toMatchObject({ age: 10, share: 1 });
});

test("without any history the stated default holds, rises and ends at 1", async () => {
  const { pool } = await freshDatabase();
  for (const platform of ["google", "meta", "linkedin"] as const)
    await storeAccount(pool, platform, platform);
  await learnMaturity({ pool, now: at("2026-03-25") });
  for (const platform of ["google", "meta", "linkedin"]) {
    const shares = await sharesOf(pool, platform);
    expect(shares).toHaveLength(11);
    expect(shares.every(({ basis, days }) => basis === "default" && days === 0)).toBe(true);
    const told = shares.map(({ share }) => share);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told.at(-1)).toBe(1);
  }
});

test("an account with a short history borrows from the others of its platform, not from another platform", async () => {
  const { pool } = await freshDatabase();
  await observe(pool, await storeAccount(pool, "google", "old"), nights(first, "2026-03-25"));
  await observe(pool, await storeAccount(pool, "google", "new"), nights("2026-03-21", "2026-03-25"));
  await storeAccount(pool, "meta", "other");
  await learnMaturity({ pool, now: at("2026-03-25") });
  const borrowed = await sharesOf(pool, "new");
  expect(borrowed[1]).toMatchObject({ share: 0.5, basis: "platform" });
  expect(borrowed[1]?.days).toBe(26);
  expect((await sharesOf(pool, "other"))[1]).toMatchObject({ basis: "default" });
});

test("a backfill says nothing about the ages before it saw a day first", async () => {
  const { pool } = await freshDatabase();
  const key = await storeAccount(pool, "google", "1");
  const backfill = eachDay({ from: first, to: "2026-03-20" }).map((day): Observation => ({
    day,
    at: "2026-03-21T03:30:00Z",
    conversions: 100,
  }));
  await observe(pool, key, backfill);
  await learnMaturity({ pool, now: at("2026-03-21") });
  expect((await sharesOf(pool, "1")).every(({ basis }) => basis === "default")).toBe(true);
});

test("nights without a sync are no proof that nothing arrived", async () => {
  const { pool } = await freshDatabase();
  const key = await storeAccount(pool, "google", "1");
  const dark = (night: string) => night > "2026-03-25" && night < "2026-04-04";
  const regular = nights(first, "2026-04-20").filter((seen) => !dark(seen.at.slice(0, 10)));
  // The night after the pause shows everything that came meanwhile.
  const caughtUp = eachDay({ from: "2026-03-20", to: "2026-04-02" }).flatMap((day): Observation[] => {
    const age = eachDay({ from: day, to: "2026-04-04" }).length - 1;
    return age > curve.length ? [{ day, at: "2026-04-04T03:30:00Z", conversions: 100 }] : [];
  });
  await observe(pool, key, [...regular, ...caughtUp]);
  await learnMaturity({ pool, now: at("2026-04-20") });
  expect((await sharesOf(pool, "1")).slice(1, 7).map(({ share }) => share)).toEqual([
    0.5, 0.7, 0.8, 0.9, 0.95, 1,
  ]);
});

test("shares never fall and never exceed 1 where conversions are taken back or a day vanishes", async () => {
  const { pool } = await freshDatabase();
  const key = await storeAccount(pool, "google", "1");
  const retracted = nights(first, "2026-04-05", [50, 80, 104, 110, 100, 100]);
  const vanished = { day: "2026-03-10", at: "2026-03-18T03:30:00Z", conversions: null };
  await observe(pool, key, [...retracted, vanished]);
  await learnMaturity({ pool, now: at("2026-04-05") });
  const shares = (await sharesOf(pool, "1")).map(({ share }) => share);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(Math.max(...shares)).toBeLessThanOrEqual(1);
  expect(shares[1]).toBeCloseTo(0.5, 1);
});

test("ages are counted on the account's own calendar", async () => {
  const { pool } = await freshDatabase();
  const key = await storeAccount(pool, "google", "1", "Pacific/Auckland");
  // 18:00 in Greenwich is the next morning in Auckland.
  const seen = nights(first, "2026-03-25").map((one) => ({
    ...one,
    at: `${addDays(one.at.slice(0, 10), -1)}T18:00:00Z`,
  }));
  await observe(pool, key, seen);
  await learnMaturity({ pool, now: new Date("2026-03-24T18:30:00Z") });
  expect((await sharesOf(pool, "1"))[1]).toMatchObject({ share: 0.5, basis: "account" });
});

test("what was seen under another choice of counted conversions teaches nothing", async () => {
  const { pool } = await freshDatabase();
  const key = await storeAccount(pool, "google", "1");
  await observe(pool, key, nights(first, "2026-03-25"));
  await pool.query(
    `insert into ops.counting_rule (account_key, measure, changed_at) values ($1, 'all', '2026-03-20T12:00:00Z')`,
    [key],
  );
  await learnMaturity({ pool, now: at("2026-03-25") });
  expect((await sharesOf(pool, "1")).every(({ basis }) => basis === "default")).toBe(true);
});

test("it is learned once a day, and at once for an account that is new", async () => {
  const { pool } = await freshDatabase();
  await storeAccount(pool, "google", "1");
  expect(await learnMaturity({ pool, now: at("2026-03-25") })).toBe(true);
  expect(await learnMaturity({ pool, now: at("2026-03-25") })).toBe(false);
  await storeAccount(pool, "google", "2");
  expect(await learnMaturity({ pool, now: at("2026-03-25") })).toBe(true);
  expect(await learnMaturity({ pool, now: at("2026-03-26") })).toBe(true);
});
