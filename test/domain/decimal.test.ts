import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  divide,
  exact,
  fromMicros,
  fromUnits,
  multiply,
  one,
  toText,
  toUnits,
  withoutZeros,
} from "../../src/domain/decimal.ts";

const places = fc.integer({ min: 0, max: 12 });
const amount = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });

describe("whole units of a decimal place", () => {
  test.each([
    ["12.345", 2, 1235n],
    ["-12.345", 2, -1235n],
    ["12.3449999", 2, 1234n],
    ["0.005", 2, 1n],
    ["-0.004", 2, 0n],
    ["5", 0, 5n],
    ["0.5", 0, 1n],
    [".5", 3, 500n],
    ["5.", 3, 5000n],
    ["+5", 1, 50n],
    ["-2E-18", 6, 0n],
    ["123E-6", 6, 123n],
    ["1e3", 2, 100_000n],
    ["9007199254740993.000001", 6, 9_007_199_254_740_993_000_001n],
  ])("%s at %i places is %s", (text, at, units) => {
    expect(toUnits(text, at)).toBe(units);
  });

  test.each(["", ".", "-", "e3", "1,5", "NaN", "Infinity", "0x1f", " 1", "1e1000"])(
    "%j is no number, and says so",
    (text) => {
      expect(() => toUnits(text, 6)).toThrow(RangeError);
    },
  );

  test("what is written is read again, at as many places or more", () => {
    fc.assert(
      fc.property(amount, places, places, (units, at, more) => {
        const text = fromUnits(units, at);
        expect(text).toMatch(at === 0 ? /^-?\d+$/ : new RegExp(`^-?\\d+\\.\\d{${String(at)}}$`));
        expect(toUnits(text, at + more)).toBe(units * 10n ** BigInt(more));
        expect(toUnits(withoutZeros(text), at)).toBe(units);
        expect(withoutZeros(text)).not.toMatch(/\.\d*0$|\.$/);
      }),
    );
  });

  test("what is left out is at most half a unit, and a half counts away from zero", () => {
    fc.assert(
      fc.property(amount, places, fc.integer({ min: 1, max: 6 }), (fine, at, fewer) => {
        const step = 10n ** BigInt(fewer);
        const error = toUnits(fromUnits(fine, at + fewer), at) * step - fine;
        const size = error < 0n ? -error : error;
        expect(size * 2n <= step).toBe(true);
        if (size * 2n === step) expect(error < 0n).toBe(fine < 0n);
      }),
    );
  });

  test("micros are millionths, with six places", () => {
    fc.assert(
      fc.property(amount, (micros) => {
        expect(fromMicros(String(micros), "cost_micros")).toBe(fromUnits(micros, 6));
      }),
    );
    expect(fromMicros("12340000", "cost_micros")).toBe("12.340000");
    expect(fromMicros("-1", "cost_micros")).toBe("-0.000001");
    expect(() => fromMicros(undefined, "cost_micros")).toThrow(/asked for and is not in the answer/);
  });
});

describe("exact figures", () => {
  test.each([
    ["10", "3", "3.333333"],
    ["2", "3", "0.666667"],
    ["-1", "8", "-0.125"],
    ["1e3", "1", "1000"],
    ["0.0000004", "1", "0"],
    ["-0.0000004", "1", "0"],
  ])("%s / %s is %s", (a, b, quotient) => {
    expect(toText(divide(exact(a), exact(b)))).toBe(quotient);
  });

  test("sums lose nothing and do not depend on their order", () => {
    fc.assert(
      fc.property(fc.array(amount), (units) => {
        const figures = units.map((value) => exact(fromUnits(value, 6)));
        const total = units.reduce((sum, value) => sum + value, 0n);
        expect(figures.reduce((sum, value) => sum + value, 0n)).toBe(exact(fromUnits(total, 6)));
        expect(figures.reduceRight((sum, value) => sum + value, 0n)).toBe(exact(fromUnits(total, 6)));
      }),
    );
  });

  test("a quotient times its divisor is the dividend, but for the last digit", () => {
    fc.assert(
      fc.property(
        amount,
        amount.filter((value) => value !== 0n),
        (a, b) => {
          const error = multiply(divide(a, b), b) - a;
          const size = (value: bigint) => (value < 0n ? -value : value);
          expect(size(error) <= size(b) / one + 1n).toBe(true);
        },
      ),
    );
  });
});
