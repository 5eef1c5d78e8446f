import { expect, test } from "vitest";
import { freshDatabase } from "../support/database.ts";
import type { ScriptedAd, ScriptedDays } from "../support/scripted.ts";
import { emptied, staged, subjectOf, warehouseOf } from "./subject.ts";

const range = { from: "2026-03-01", to: "2026-03-04" };
const paid = (hundredths: number) => [
  { action: "purchase", traffic: "paid" as const, hundredths, valueCents: 10 * hundredths },
];
const ad = (name: string, cents: number, hundredths: number): ScriptedAd => ({
  campaign: "c1",
  ad: name,
  cents,
  impressions: 10,
  clicks: 2,
  conversions: hundredths === 0 ? [] : paid(hundredths),
});

const truth: ScriptedDays = {
  "2026-03-01": { ads: [ad("a", 100, 50), ad("b", 200, 0)] },
  "2026-03-02": { ads: [ad("a", 110, 60)], campaignExtra: { c1: 7 } },
  "2026-03-03": { ads: [ad("a", 120, 0)], accountExtra: 5 },
};

/** The truth with one day otherwise. */
const but = (date: string, day: ScriptedDays[string]): ScriptedDays => ({ ...truth, [date]: day });

const changes: readonly [string, ScriptedDays, readonly string[]][] = [
  [
    "more conversions",
    but("2026-03-01", { ads: [ad("a", 100, 80), ad("b", 200, 0)] }),
    ["campaign_conversion_daily", "conversion_daily", "network_conversion_daily", "outcome_part"],
  ],
  [
    "a first conversion on a day without figures",
    but("2026-03-04", { ads: [{ ...ad("a", 0, 100), impressions: 0, clicks: 0 }] }),
    [],
  ],
  ["conversions that all went", but("2026-03-01", { ads: [ad("a", 100, 0), ad("b", 200, 0)] }), []],
  [
    "more spend",
    but("2026-03-01", { ads: [ad("a", 105, 50), ad("b", 200, 0)] }),
    ["account_daily", "ad_daily", "campaign_daily", "delivery_part", "network_daily"],
  ],
  [
    "spend that no ad has, on a day that had none",
    but("2026-03-01", { ads: [ad("a", 100, 50), ad("b", 200, 0)], campaignExtra: { c1: 30 } }),
    [],
  ],
  ["ads that are gone", but("2026-03-01", { ads: [] }), []],
];

test.each(["exact", "estimate"] as const)(
  "split %s: whatever changed alone, the warehouse is what one load of it gives, and no more is staged than that part",
  async (split) => {
    const { pool } = await freshDatabase();
    for (const [name, changed, tables] of changes) {
      const it = await subjectOf({ pool, split, range, days: truth });
      const before = await warehouseOf(pool, it.accountKey);
      it.say(changed);
      await emptied(pool);
      await it.pull();
      // Days that campaign totals complete are compared every night.
      if (tables.length > 0 && split === "exact") expect([name, await staged(pool)]).toEqual([name, tables]);
      const after = await warehouseOf(pool, it.accountKey);
      expect([name, after]).not.toEqual([name, before]);
      const fresh = await subjectOf({ pool, split, range, days: changed });
      expect([name, after]).toEqual([name, await warehouseOf(pool, fresh.accountKey)]);
      it.say(truth);
      await it.pull();
      expect([name, await warehouseOf(pool, it.accountKey)]).toEqual([name, before]);
    }
  },
  120_000,
);

test("an unchanged repeat writes no row, to staging neither", async () => {
  const { pool } = await freshDatabase();
  const it = await subjectOf({ pool, split: "exact", range, days: truth });
  await emptied(pool);
  const again = await it.pull();
  expect(again.rowsWritten).toBe(0);
  expect(again.rowsRead).toBeGreaterThan(5);
  expect(await staged(pool)).toEqual([]);
});
