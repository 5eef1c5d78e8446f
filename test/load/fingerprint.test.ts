import fc from "fast-check";
import { expect, test } from "vitest";
import {
  accountDaily,
  adDaily,
  conversionDaily,
  factParts,
  factTables,
  type FactTable,
} from "../../src/warehouse/load/fact-tables.ts";
import { createStreamPrint, fingerprints } from "../../src/warehouse/load/fingerprint.ts";
import { addHash } from "../../src/warehouse/load/row-hash.ts";

const days = ["2026-03-01", "2026-03-02", "2026-03-03"] as const;
const window = { from: days[0], to: days[2] };

interface Row {
  readonly table: FactTable;
  readonly date: string;
  readonly line: string;
}

/** As the load reads: some rows at a time, in several streams. */
const printOf = (rows: readonly Row[], atOnce = 3, rules = "exact") => {
  const streams = [createStreamPrint(), createStreamPrint()];
  for (const [index, stream] of streams.entries()) {
    const own = rows.filter(({ table }) => table.name.length % 2 === index);
    for (let at = 0; at < own.length; at += atOnce)
      for (const { table, date, line } of own.slice(at, at + atOnce)) stream.add(table, date, [line]);
  }
  return fingerprints(window, rules, factParts, streams);
};

/** The parts and days of which two fingerprints differ. */
const differences = (a: ReturnType<typeof printOf>, b: ReturnType<typeof printOf>): string[] =>
  factParts.flatMap((part) =>
    days.filter((day) => a.get(part)?.get(day) !== b.get(part)?.get(day)).map((day) => `${part} ${day}`),
  );

const table = fc.constantFrom(adDaily, conversionDaily, accountDaily, ...factTables);
const row: fc.Arbitrary<Row> = fc.record({
  table,
  date: fc.constantFrom(...days),
  line: fc
    .tuple(fc.constantFrom("1", "2", "12", "21"), fc.constantFrom("1", "2", "12"), fc.nat({ max: 30 }))
    .map((fields) => fields.join("\t")),
});
const answer = fc.array(row, { maxLength: 30 });
const fewRuns = { numRuns: 300 };

test("the same rows give the same fingerprints, in whatever order and pieces they come", () => {
  fc.assert(
    fc.property(
      answer.chain((rows) =>
        fc.tuple(
          fc.constant(rows),
          fc.shuffledSubarray(rows, { minLength: rows.length }),
          fc.integer({ min: 1, max: 9 }),
        ),
      ),
      ([rows, other, atOnce]) => {
        expect(differences(printOf(rows), printOf(other, atOnce))).toEqual([]);
      },
    ),
    fewRuns,
  );
});

/** Every way in which an answer may change, each with the parts and days that it touches. */
const mutations: Readonly<
  Record<string, (rows: readonly Row[], at: number, other: number) => readonly Row[]>
> = {
  "a row less": (rows, at) => rows.filter((_, index) => index !== at),
  "a row twice": (rows, at) => [...rows, rows[at] as Row],
  "a row three times": (rows, at) => [...rows, rows[at] as Row, rows[at] as Row],
  "another figure": (rows, at) =>
    rows.map((one, index) => (index === at ? { ...one, line: `${one.line}0` } : one)),
  "another day": (rows, at) =>
    rows.map((one, index) =>
      index === at ? { ...one, date: one.date === days[0] ? days[1] : days[0] } : one,
    ),
  "another table": (rows, at) =>
    rows.map((one, index) =>
      index === at ? { ...one, table: one.table === adDaily ? conversionDaily : adDaily } : one,
    ),
  "figures of two rows exchanged": (rows, at, other) => {
    const figure = (index: number) => rows[index]?.line.split("\t").at(-1) ?? "";
    const withFigure = (one: Row, text: string) => ({ ...one, line: one.line.replace(/[^\t]*$/, text) });
    return rows.map((one, index) =>
      index === at ? withFigure(one, figure(other)) : index === other ? withFigure(one, figure(at)) : one,
    );
  },
  "a figure moved from one row to another": (rows, at, other) =>
    rows.map((one, index) => {
      const by = index === at ? 1 : index === other ? -1 : 0;
      return { ...one, line: one.line.replace(/[^\t]*$/, (figure) => String(Number(figure) + by)) };
    }),
  "a tab elsewhere": (rows, at) =>
    rows.map((one, index) => (index === at ? { ...one, line: one.line.replace("\t", "") } : one)),
};

const asMultiset = (rows: readonly Row[]): string[] =>
  rows.map(({ table: { name }, date, line }) => [name, date, line].join("|")).sort();

test.each(Object.keys(mutations))(
  "%s shows in the fingerprint of the days that it touches, and of no others",
  (name) => {
    let seen = 0;
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 30 }),
        fc.nat(),
        fc.nat(),
        (rows, first, second) => {
          const changed = mutations[name]?.(rows, first % rows.length, second % rows.length) ?? rows;
          const touched = factParts.flatMap((part) =>
            days
              .filter((day) => {
                const of = (all: readonly Row[]) =>
                  asMultiset(all.filter((one) => one.date === day && one.table.part === part));
                return of(rows).join() !== of(changed).join();
              })
              .map((day) => `${part} ${day}`),
          );
          seen += touched.length;
          expect(differences(printOf(rows), printOf(changed))).toEqual(touched);
        },
      ),
      fewRuns,
    );
    expect(seen).toBeGreaterThan(100);
  },
);

test("another rule of how rows become figures is another fingerprint of every day", () => {
  expect(differences(printOf([]), printOf([], 1, "estimate"))).toHaveLength(factParts.length * days.length);
});

// As mmh3 5 gives it for the same text in UTF-16 (little-endian).
test.each([
  ["", "00000000 00000000 00000000 00000000"],
  ["a", "033bb196 ccef4fe1 ccef4fe1 ccef4fe1"],
  ["ab", "260fb953 af22b6fd af22b6fd af22b6fd"],
  ["abc", "2b5b97a3 20f75fb5 5012c2b4 5012c2b4"],
  ["1234567", "eb59bef1 7c5a5c1c b7831205 ba253c1f"],
  ["12345678", "083fc1f2 e182fa4f bd464907 c7fddd7a"],
  ["123456789", "0ae17570 d324424a e1c75a00 4f4b9699"],
  [
    "2026-11-02\t20000000001\t150000000001\t700000000001\t79.19\t31\t1",
    "2910cf5b 34f0ae51 2cf51513 320e1cf8",
  ],
  ["Zürich 🏔 日本", "f0f83b41 e64542c7 77149186 7e52b74c"],
])("the hash of %j is MurmurHash3's of 128 bits, and adds up", (text, expected) => {
  const lanes = new Uint32Array(4);
  addHash(lanes, text);
  const once = [...lanes];
  expect(once.map((lane) => lane.toString(16).padStart(8, "0")).join(" ")).toBe(expected);
  addHash(lanes, text);
  expect([...lanes]).toEqual(once.map((lane) => (2 * lane) % 2 ** 32));
});
