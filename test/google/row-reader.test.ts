import fc from "fast-check";
import { expect, test } from "vitest";
import { scanAnswer } from "../../src/connectors/google/answer-scanner.ts";
import { readRows, type RowReader } from "../../src/connectors/google/row-reader.ts";

/** A row as plain data: a known row has its properties by inheritance. */
const plain = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const key in value) copy[key] = plain((value as Record<string, unknown>)[key]);
  return copy;
};

/** As the client reads an answer: rows that are parsed teach the reader. */
const read = (chunks: readonly Buffer[], reader: RowReader): { rows: unknown[]; known: number } => {
  const scanner = scanAnswer(reader);
  const rows: unknown[] = [];
  let known = 0;
  for (const chunk of chunks)
    for (const piece of scanner.push(chunk)) {
      if (piece.kind === "read") {
        known += piece.rows.length;
        rows.push(...piece.rows.map(plain));
      } else if (piece.kind === "rows") {
        const parsed = JSON.parse(`[${piece.bytes.toString("utf8")}]`) as unknown[];
        reader.learn(parsed.at(-1));
        rows.push(...parsed);
      } else
        rows.push(...((JSON.parse(piece.bytes.toString("utf8")) as { results: unknown[] }).results ?? []));
    }
  expect(scanner.done).toBe(true);
  return { rows, known };
};

const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
};

const id = fc.bigInt({ min: 0n, max: 9_223_372_036_854_775_807n }).map(String);
const text = fc.oneof(
  id,
  fc.string({ unit: "binary" }),
  fc.constantFrom("", "\\", '"', "},{", '"},{"campaign":{"id":"1"', "Ünïcode", "\u2028", "a\0b", "😀"),
);
const number = fc.oneof(
  fc.double({ noDefaultInfinity: true, noNaN: true }),
  fc.integer(),
  fc.constantFrom(-0, 1e21, 5e-324),
);
/** Google leaves out what it does not know; nobody promises the order of what is there. */
const inAnyOrder = (model: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> =>
  fc
    .tuple(
      fc.record(model, { requiredKeys: [] }),
      fc.shuffledSubarray(Object.keys(model), { minLength: Object.keys(model).length }),
      fc.integer({ min: 0, max: 9 }),
    )
    .map(([whole, order, stays]) => {
      const present = Object.entries(whole);
      if (stays > 1) return whole;
      return Object.fromEntries(order.flatMap((key) => present.filter(([name]) => name === key)));
    });
const usual = fc.record({
  campaign: fc.record({ id }),
  adGroupAd: fc.record({ ad: fc.record({ id }) }),
  segments: fc.record({ date: fc.constantFrom("2026-11-01", "2026-11-02"), conversionAction: text }),
  metrics: fc.record({ clicks: id, conversions: number }),
});
const odd = inAnyOrder({
  campaign: fc.record({ id: fc.oneof(text, number) }),
  segments: inAnyOrder({ date: text, conversionAction: text, hour: number }),
  metrics: inAnyOrder({
    clicks: id,
    conversions: number,
    hasValue: fc.boolean(),
    nothing: fc.constant(null),
  }),
  adGroupAd: fc.oneof(fc.constant({}), fc.record({ ad: fc.record({ id, urls: fc.array(text) }) })),
  __proto__of: fc.jsonValue(),
});
const answer = fc.array(
  fc.record({ results: fc.array(fc.oneof({ weight: 5, arbitrary: usual }, { weight: 1, arbitrary: odd })) }),
  { maxLength: 4 },
);

test("rows that are known by their look say what JSON.parse says, wherever the answer is cut and whatever is in it", () => {
  let known = 0;
  fc.assert(
    fc.property(answer, fc.array(fc.nat()), fc.constantFrom(0, 0, 0, 1), (elements, places, indent) => {
      const json = JSON.stringify(elements, null, indent);
      const expected = (JSON.parse(json) as { results: unknown[] }[]).flatMap(({ results }) => results);
      const found = read(cut(Buffer.from(json), places), readRows());
      expect(found.rows).toEqual(expected);
      known += found.known;
    }),
    { numRuns: 1_000 },
  );
  // A reader that never knows anything would pass as well.
  expect(known).toBeGreaterThan(200);
});

test("bytes that are no JSON are not read as rows", () => {
  const good = '{"campaign":{"id":"1"}}';
  for (const bad of [
    '{"campaign":{"id":"1"}',
    '{"campaign":{"id":"1"},}',
    '{"campaign":{"id":"a\nb"}}',
    '{"campaign":{"id":"\\x"}}',
    '{"campaign":{"id":01}}',
    '{"campaign":{"id":"1"}}{"campaign":{"id":"1"}}',
  ]) {
    const reader = readRows();
    for (const row of [good, '{"campaign":{"id":1}}']) reader.learn(JSON.parse(row));
    const rows: unknown[] = [];
    const text = `,${bad},${good}`;
    const end = reader.read(text, 0, rows);
    expect(() => JSON.parse(`[${text.slice(1)}]`) as unknown).toThrow();
    expect(text.slice(end)).toContain(bad.slice(-3));
    expect(rows.length).toBeLessThan(2);
  }
});

test("an answer of one kind of rows is read without the parser but for the first ones", () => {
  const rows = Array.from({ length: 500 }, (_, index) => ({
    campaign: { id: String(index) },
    metrics: { clicks: "1" },
  }));
  const json = Buffer.from(JSON.stringify([{ results: rows }]));
  const chunks = Array.from({ length: Math.ceil(json.length / 1_000) }, (_, index) =>
    json.subarray(index * 1_000, (index + 1) * 1_000),
  );
  const found = read(chunks, readRows());
  expect(found.rows).toEqual(rows);
  expect(found.known).toBeGreaterThan(400);
});
