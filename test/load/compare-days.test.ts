import fc from "fast-check";
import type pg from "pg";
import { expect, test } from "vitest";
import { freshDatabase } from "../support/database.ts";
import type { ScriptedAd, ScriptedDay, ScriptedDays } from "../support/scripted.ts";
import { emptied, subjectOf, warehouseOf } from "./subject.ts";

const range = { from: "2026-03-01", to: "2026-03-02" };
/** Enough for a day of each table to be compared. */
const adsOfDay = 1_200;
/** Names that COPY writes otherwise than they are, and such that it does not. */
const oddIds = ["", "a\\b", "tab\there", "line\nhere", "ü", "😀", "cr\rhere", "\\N"];

const adOf = (index: number): ScriptedAd => ({
  campaign: `c${String(index % 7)}`,
  ad: oddIds[index] ?? `ad ${String(index)}`,
  cents: 100 + index,
  impressions: 10 + index,
  clicks: index % 5,
  conversions:
    index % 3 === 0
      ? []
      : [{ action: "purchase", traffic: "paid", hundredths: 100 + index, valueCents: 1_000 + index }],
});
const truth: ScriptedDay = { ads: Array.from({ length: adsOfDay }, (_, index) => adOf(index)) };

type Change = (day: ScriptedDay, at: number) => ScriptedDay;

const other = (day: ScriptedDay, at: number, to: (ad: ScriptedAd) => readonly ScriptedAd[]): ScriptedDay => ({
  ...day,
  ads: day.ads.flatMap((ad, index) => (index === at % day.ads.length ? to(ad) : [ad])),
});

const changes: Readonly<Record<string, Change>> = {
  spend: (day, at) => other(day, at, (ad) => [{ ...ad, cents: ad.cents + 1 }]),
  clicks: (day, at) => other(day, at, (ad) => [{ ...ad, clicks: ad.clicks + 1 }]),
  conversions: (day, at) =>
    other(day, at, (ad) => [
      { ...ad, conversions: ad.conversions.map((one) => ({ ...one, hundredths: one.hundredths + 1 })) },
    ]),
  gone: (day, at) => other(day, at, () => []),
  added: (day, at) => ({ ...day, ads: [...day.ads, { ...adOf(at), ad: `new ${String(at)}` }] }),
  twice: (day, at) => other(day, at, (ad) => [ad, ad]),
  twiceAndOtherwise: (day, at) => other(day, at, (ad) => [{ ...ad, cents: ad.cents + 9 }, ad]),
  // The first has figures of its own; nothing else is known of the last.
  ofCampaign: (day, at) => ({
    ...day,
    campaignExtra: { ...day.campaignExtra, [["c0", "c1", "c9"][at % 3] ?? ""]: at },
  }),
  ofAccount: (day, at) => ({ ...day, accountExtra: at }),
  half: (day, at) => ({ ...day, ads: day.ads.slice(0, 500 + (at % 100)) }),
  order: (day) => ({ ...day, ads: day.ads.toReversed() }),
};

const edits = fc.array(
  fc.tuple(
    fc.constantFrom(...Object.keys(changes)),
    fc.nat({ max: 2_000 }),
    fc.constantFrom(range.from, range.to),
  ),
  { minLength: 1, maxLength: 4 },
);

/** Bytes of the rows that were staged since the tables were emptied. */
const stagedBytes = async (pool: pg.Pool, table: string): Promise<number> => {
  const { rows } = await pool.query<{ bytes: string }>("select pg_relation_size($1::regclass) as bytes", [
    `staging.${table}`,
  ]);
  return Number(rows[0]?.bytes);
};

test.each(["exact", "estimate"] as const)(
  "split %s: however a large day changes, it ends as one load of it does, and a change back brings back what was",
  async (split) => {
    const { pool } = await freshDatabase();
    const first: ScriptedDays = { [range.from]: { ...truth, accountExtra: 3 }, [range.to]: truth };
    const it = await subjectOf({ pool, split, range, days: first });
    const before = await warehouseOf(pool, it.accountKey);
    await fc.assert(
      fc.asyncProperty(edits, async (made) => {
        let days = first;
        for (const [name, at, date] of made)
          days = { ...days, [date]: changes[name]?.(days[date] ?? truth, at) ?? truth };
        it.say(days);
        await it.pull();
        const fresh = await subjectOf({ pool, split, range, days });
        expect(await warehouseOf(pool, it.accountKey)).toBe(await warehouseOf(pool, fresh.accountKey));
        it.say(first);
        await it.pull();
        expect(await warehouseOf(pool, it.accountKey)).toBe(before);
      }),
      { numRuns: 25 },
    );
  },
  240_000,
);

test("of a large day only the rows that differ are staged and written", async () => {
  const { pool } = await freshDatabase();
  const large: ScriptedDay = { ads: Array.from({ length: 3_000 }, (_, index) => adOf(index + 10)) };
  const days = (day: ScriptedDay): ScriptedDays => ({ [range.from]: day, [range.to]: truth });
  const it = await subjectOf({ pool, split: "exact", range, days: days(large) });
  let day = large;
  for (const [name, at] of [
    ["spend", 100],
    ["gone", 200],
    ["added", 300],
    ["conversions", 401],
  ] as const)
    day = changes[name]?.(day, at) ?? day;
  it.say(days(day));
  await emptied(pool);
  expect((await it.pull()).rowsWritten).toBeLessThan(20);
  // The first few rows of a COPY take eight pages of 8 KiB; those of the whole day would take forty.
  for (const table of ["ad_daily", "conversion_daily", "ad_daily_replaced", "conversion_daily_replaced"])
    expect(await stagedBytes(pool, table)).toBeLessThanOrEqual(65_536);
});

test("a published row of a large day that somebody changed by hand is put right", async () => {
  const { pool } = await freshDatabase();
  const it = await subjectOf({
    pool,
    split: "exact",
    range,
    days: { [range.from]: truth, [range.to]: truth },
  });
  const before = await warehouseOf(pool, it.accountKey);
  await pool.query("update warehouse.ad_daily set clicks = clicks + 1 where ad_id in ('ad 90', 'ad 91')");
  await pool.query("update warehouse.ad_daily set ad_id = 'not an ad' where ad_id = 'ad 92'");
  await it.pull();
  expect(await warehouseOf(pool, it.accountKey)).toBe(before);
});
