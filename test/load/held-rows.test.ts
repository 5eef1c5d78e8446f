import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { adDaily, conversionDaily } from "../../src/warehouse/load/fact-tables.ts";
import { type HeldRows, holdRows } from "../../src/warehouse/load/held-rows.ts";

const hold = (): HeldRows => {
  const held = holdRows();
  onTestFinished(() => held.drop());
  return held;
};

const textOf = async (held: HeldRows, date: string, table = adDaily): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const bytes of held.read(table, date)) parts.push(Buffer.from(bytes));
  return Buffer.concat(parts).toString("utf8");
};

test("rows come back by table and day, byte for byte, in the order in which they came", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          table: fc.constantFrom(adDaily, conversionDaily),
          date: fc.constantFrom("2026-03-01", "2026-03-02"),
          line: fc.string({ unit: "grapheme", maxLength: 40 }),
          times: fc.constantFrom(1, 1, 700),
        }),
        { maxLength: 40 },
      ),
      async (rows) => {
        const held = holdRows();
        const expected = new Map<string, string>();
        for (const { table, date, line, times } of rows) {
          const text = `${line}\n`.repeat(times);
          await held.add(table, date, text);
          const key = `${table.name} ${date}`;
          expected.set(key, (expected.get(key) ?? "") + text);
        }
        for (const table of [adDaily, conversionDaily])
          for (const date of ["2026-03-01", "2026-03-02", "2026-03-03"])
            expect(await textOf(held, date, table)).toBe(expected.get(`${table.name} ${date}`) ?? "");
        await held.drop();
      },
    ),
    { numRuns: 50 },
  );
});

test("more than fits into the memory's share goes to a file that has no name, and comes back whole", async () => {
  const before = new Set(await readdir(tmpdir()));
  const heldBefore = process.memoryUsage().arrayBuffers;
  const held = hold();
  const dates = Array.from({ length: 20 }, (_, index) => `2026-03-${String(index + 1).padStart(2, "0")}`);
  const hashes = new Map(dates.map((date) => [date, createHash("sha256")]));
  for (let round = 0; round < 120; round += 1)
    for (const date of dates) {
      const text = `${date}\t${String(round)}\t${"x".repeat(1_000)}\n`.repeat(40);
      hashes.get(date)?.update(text);
      await held.add(adDaily, date, text);
    }
  // Nearly 100 MB were added.
  expect(process.memoryUsage().arrayBuffers - heldBefore).toBeLessThan(60_000_000);
  const named = (await readdir(tmpdir())).filter(
    (name) => name.startsWith("costper-rows-") && !before.has(name),
  );
  expect(named).toEqual([]);
  for (const date of dates) {
    const read = createHash("sha256");
    for await (const bytes of held.read(adDaily, date)) read.update(bytes);
    expect(read.digest("hex")).toBe(hashes.get(date)?.digest("hex"));
  }
});
