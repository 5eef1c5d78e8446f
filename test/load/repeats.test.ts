import fc from "fast-check";
import { expect, test } from "vitest";
import { leadingColumns } from "../../src/warehouse/load/copy.ts";
import { accountDaily, adDaily, networkDaily } from "../../src/warehouse/load/fact-tables.ts";
import { watchRepeats } from "../../src/warehouse/load/repeats.ts";

const field = fc.oneof(
  fc.constantFrom("1", "12", "", "ü", "a\\tb", "😀"),
  fc.string({ maxLength: 3 }).map((text) => text.replace(/[\t\n\\]/g, "")),
);

test("a key that comes twice among a day's rows is noticed, wherever their bytes are cut, and no other", () => {
  let repeats = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(adDaily, networkDaily, accountDaily),
      fc.array(fc.array(field, { minLength: 4, maxLength: 4 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 40 }),
      (table, rows, size) => {
        const keys = rows.map((parts) => ["9", "1", ...parts.slice(0, table.key.length)].join("\t"));
        const text = Buffer.from(keys.map((key, index) => `${key}\t${String(index)}\t0\t0\n`).join(""));
        const watch = watchRepeats(table, leadingColumns);
        for (let at = 0; at < text.length; at += size) watch.see(text.subarray(at, at + size));
        expect(watch.mayRepeat).toBe(new Set(keys).size < keys.length);
        if (watch.mayRepeat) repeats += 1;
      },
    ),
    { numRuns: 500 },
  );
  expect(repeats).toBeGreaterThan(20);
});
