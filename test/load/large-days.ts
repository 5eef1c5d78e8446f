import fc from "fast-check";
import type pg from "pg";
import { expect } from "vitest";
import type { ScriptedAd, ScriptedDay, ScriptedDays } from "../support/scripted.ts";
import { subjectOf, warehouseOf } from "./subject.ts";

export const range = { from: "2026-03-01", to: "2026-03-02" };

/** Enough for a day of each table to be compared. */
const adsOfDay = 1_200;
/** Names that COPY writes otherwise than they are, and such that it does not. */
const oddIds = ["", "a\\b", "tab\there", "line\nhere", "ü", "😀", "cr\rhere", "\\N"];

export const adOf = (index: number): ScriptedAd => ({
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
export const truth: ScriptedDay = { ads: Array.from({ length: adsOfDay }, (_, index) => adOf(index)) };

type Change = (day: ScriptedDay, at: number) => ScriptedDay;

const other = (day: ScriptedDay, at: number, to: (ad: ScriptedAd) => readonly ScriptedAd[]): ScriptedDay => ({
  ...day,
  ads: day.ads.flatMap((ad, index) => (index === at % day.ads.length ? to(ad) : [ad])),
});

export const changes: Readonly<Record<string, Change>> = {
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

/** However a large day changes, it ends as one load of it does, and a change back brings back what was. */
export const provesLargeDays = async (
  pool: pg.Pool,
  split: "exact" | "estimate",
  runs: number,
): Promise<void> => {
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
    { numRuns: runs },
  );
};
