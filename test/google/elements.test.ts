import fc from "fast-check";
import { expect, test } from "vitest";
import { scanElements } from "../../src/connectors/google/elements.ts";

const scan = (chunks: readonly Buffer[]): { values: unknown[]; done: boolean } => {
  const scanner = scanElements();
  const values = chunks.flatMap((chunk) =>
    scanner.push(chunk).map((element): unknown => JSON.parse(element.toString("utf8"))),
  );
  return { values, done: scanner.done };
};

const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
};

const elements = fc.array(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue()), { maxLength: 6 });

test("an array is cut into its elements wherever the bytes are cut and however it is written", () => {
  fc.assert(
    fc.property(elements, fc.array(fc.nat()), fc.constantFrom(0, 1, "\t"), (values, places, indent) => {
      const text = JSON.stringify(values, null, indent);
      const expected: unknown = JSON.parse(text);
      expect(scan(cut(Buffer.from(text), places))).toEqual({ values: expected, done: true });
    }),
    { numRuns: 400 },
  );
});

test("an array that was cut short is never taken for a whole one", () => {
  fc.assert(
    fc.property(elements, fc.nat(), (values, place) => {
      const bytes = Buffer.from(JSON.stringify(values));
      const { values: read, done } = scan([bytes.subarray(0, place % bytes.length)]);
      expect(done).toBe(false);
      expect(read.length).toBeLessThanOrEqual(values.length);
    }),
  );
});

test.each([
  ["a page", "<html>"],
  ["an object", '{"error":{}}'],
  ["scalars", "[1,2]"],
  ["a missing comma", "[{}{}]"],
  ["a trailing comma", "[{},]"],
  ["something after the end", "[{}]x"],
])("%s is no array of objects", (_, text) => {
  expect(() => scan([Buffer.from(text)])).toThrow(RangeError);
});

test("strings that look like structure are left alone", () => {
  const values = [{ a: '"}],[{\\' }, { "]": '\\"}' }, { é: "東京 🚀" }];
  const bytes = Buffer.from(JSON.stringify(values));
  const single = Array.from(bytes, (byte) => Buffer.from([byte]));
  expect(scan(single)).toEqual({ values, done: true });
});
