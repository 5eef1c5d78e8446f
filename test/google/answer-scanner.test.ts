import fc from "fast-check";
import { expect, test } from "vitest";
import { scanAnswer } from "../../src/connectors/google/answer-scanner.ts";

interface Element {
  readonly [key: string]: unknown;
  readonly results?: unknown;
}

/** What the pieces say, put together again: an element follows the rows that were taken out of it. */
const scan = (chunks: readonly Buffer[]): { values: Element[]; pieces: number; done: boolean } => {
  const scanner = scanAnswer();
  const values: Element[] = [];
  let rows: unknown[] = [];
  let pieces = 0;
  for (const chunk of chunks)
    for (const piece of scanner.push(chunk)) {
      pieces += 1;
      if (piece.kind === "read") throw new Error("nobody reads rows here");
      const { kind, bytes } = piece;
      if (kind === "rows") {
        rows.push(...(JSON.parse(`[${bytes.toString("utf8")}]`) as unknown[]));
        continue;
      }
      const element = JSON.parse(bytes.toString("utf8")) as Element;
      if (rows.length > 0) expect(element.results).toEqual([]);
      values.push(rows.length > 0 ? { ...element, results: rows } : element);
      rows = [];
    }
  return { values, pieces, done: scanner.done };
};

const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
};

const bytewise = (bytes: Buffer): Buffer[] => Array.from(bytes, (byte) => Buffer.from([byte]));

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("results", '"results":[', "\\", '\\"', "}],[{", 'a"results'),
);
const row = fc.dictionary(text, fc.oneof(text, fc.jsonValue()));
const element = fc.oneof(
  fc.dictionary(text, fc.jsonValue()),
  fc
    .tuple(fc.dictionary(text, fc.jsonValue()), fc.array(row), fc.dictionary(text, fc.jsonValue()))
    .map(([before, results, after]) => ({ ...before, results, ...after })),
);
const elements = fc.array(element, { maxLength: 5 });

test("an answer says the same wherever its bytes are cut and however it is written", () => {
  fc.assert(
    fc.property(elements, fc.array(fc.nat()), fc.constantFrom(0, 1, "\t"), (values, places, indent) => {
      const json = JSON.stringify(values, null, indent);
      const expected: unknown = JSON.parse(json);
      expect(scan(cut(Buffer.from(json), places))).toMatchObject({ values: expected, done: true });
    }),
    { numRuns: 400 },
  );
});

test("an answer that was cut short is never taken for a whole one", () => {
  fc.assert(
    fc.property(elements, fc.nat(), (values, place) => {
      const bytes = Buffer.from(JSON.stringify(values));
      const { values: read, done } = scan([bytes.subarray(0, place % bytes.length)]);
      expect(done).toBe(false);
      expect(read.length).toBeLessThanOrEqual(values.length);
    }),
  );
});

test("rows come as the bytes come, long before their element ends, and a trailing error is not lost", () => {
  const rows = Array.from({ length: 1_000 }, (_, id) => ({ campaign: { id: String(id) } }));
  const values = [{ fieldMask: "campaign.id", results: rows, error: { code: 500 }, requestId: "r" }];
  const bytes = Buffer.from(JSON.stringify(values));
  const places = Array.from({ length: 40 }, (_, index) => index * 700);
  const { values: read, pieces } = scan(cut(bytes, places));
  expect(read).toEqual(values);
  expect(pieces).toBeGreaterThan(30);
});

test.each([
  ["a page", "<html>"],
  ["an object", '{"error":{}}'],
  ["scalars", "[1,2]"],
  ["a missing comma", "[{}{}]"],
  ["a trailing comma", "[{},]"],
  ["something after the end", "[{}]x"],
])("%s is no array of objects", (_, json) => {
  expect(() => scan([Buffer.from(json)])).toThrow(RangeError);
});

test.each([
  ["a missing comma", '[{"results":[{}{}]}]'],
  ["a trailing comma", '[{"results":[{},]}]'],
  ["a leading comma", '[{"results":[,{}]}]'],
  ["two commas", '[{"results":[{},,{}]}]'],
  ["a wrong bracket", '[{"results":[{]]}]'],
  ["a wrong end", '[{"results":[{}}}]'],
])("%s among the rows is broken, wherever the bytes are cut", (_, json) => {
  const bytes = Buffer.from(json);
  for (const chunks of [[bytes], bytewise(bytes)]) expect(() => scan(chunks)).toThrow();
});

test("strings that look like structure are left alone", () => {
  const tricky = [{ a: '"}],[{\\' }, { "]": '\\"}' }, { é: "東京 🚀" }, { b: "\\\\" }];
  const values = [
    { '"results': [1] },
    { x: ', "results":', y: { results: [[]] }, results: tricky },
    ...tricky,
  ];
  const bytes = Buffer.from(JSON.stringify(values));
  expect(scan(bytewise(bytes))).toMatchObject({ values, done: true });
});
