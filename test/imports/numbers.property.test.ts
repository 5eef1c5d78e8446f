import fc from "fast-check";
import { expect, test } from "vitest";
import { number, takeCurrency } from "../../src/imports/numbers.ts";
import { id } from "../../src/imports/values.ts";

const cents = fc.tuple(fc.bigInt({ min: 0n, max: 99_999_999_999_999n }), fc.boolean());

/** Cents as digits, the oracle's own way: by whole numbers, never by the reader's text. */
const written = (
  amount: bigint,
  { decimal, group, size }: { decimal: string; group: string; size: number },
): string => {
  let whole = (amount / 100n).toString();
  const rest = (amount % 100n).toString().padStart(2, "0");
  const parts: string[] = [];
  const step = group === "" ? whole.length : size;
  for (; whole.length > step; whole = whole.slice(0, -size)) parts.unshift(whole.slice(-size));
  return `${[whole, ...parts].join(group)}${decimal}${rest}`;
};

const centsOf = (plain: string): bigint => {
  const [, sign = "", whole = "", rest = ""] = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(plain) ?? [];
  return BigInt(`${whole}${rest.padEnd(2, "0")}`) * (sign === "-" ? -1n : 1n);
};

const negatives = [
  (text: string) => `-${text}`,
  (text: string) => `${text}-`,
  (text: string) => `(${text})`,
  (text: string) => `\u2212${text}`,
  (text: string) => `- ${text}`,
];
const bearers = [
  (text: string) => text,
  (text: string) => `€ ${text}`,
  (text: string) => `${text} €`,
  (text: string) => `EUR${text}`,
  (text: string) => `${text}\u00a0EUR`,
];

test("any amount in any declared format comes out to the cent", () => {
  const format = fc.constantFrom<"point" | "comma">("point", "comma").chain((decimal) =>
    fc.record({
      decimal: fc.constant(decimal),
      group: fc.constantFrom("", " ", "\u00a0", "\u202f", "'", "’", decimal === "point" ? "," : "."),
    }),
  );
  fc.assert(
    fc.property(
      cents,
      format,
      fc.constantFrom(...negatives),
      fc.constantFrom(...bearers),
      ([amount, isNegative], { decimal, group }, negate, bear) => {
        const sign = decimal === "point" ? "." : ",";
        const text = bear(written(amount, { decimal: sign, group, size: 3 }));
        const value = isNegative ? negate(text) : text;
        const plain = takeCurrency(value)?.amount ?? value;
        expect(centsOf(number()(plain, { decimal }))).toBe(isNegative ? -amount : amount);
      },
    ),
    { numRuns: 5_000 },
  );
});

test("undeclared, an amount comes out as it stands or is refused, and never as another", () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[-+(]?[0-9., '’€%E-]{1,18}\)?$/),
      fc.constantFrom<"point" | "comma" | undefined>("point", "comma", undefined),
      (value, decimal) => {
        let plain: string;
        try {
          plain = number()(value, decimal === undefined ? {} : { decimal });
        } catch {
          return;
        }
        expect(plain.replaceAll(/\D/g, "")).toBe(value.replaceAll(/\D/g, ""));
        if (decimal === undefined) expect(plain).toBe(value);
        expect(plain.includes(".")).toBe(
          decimal === "comma" ? value.includes(",") : /\.\d+\D*$/.test(value) && plain.includes("."),
        );
      },
    ),
    { numRuns: 5_000 },
  );
});

test("an id of digits stays as it is, and what Excel makes of a long one is refused in every notation", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 100_000n, max: 10n ** 20n }), (value) => {
      expect(id(String(value), {})).toBe(String(value));
      const [mantissa = "", exponent = ""] = Number(value).toExponential(5).split("e");
      const shortened = `${mantissa}E${exponent}`;
      for (const text of [
        shortened,
        shortened.replace(".", ","),
        shortened.toLowerCase(),
        shortened.replace("+", ""),
      ])
        expect(() => id(text, {})).toThrow(/keep the column as text/);
    }),
  );
});
