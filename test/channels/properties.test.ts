import fc from "fast-check";
import { expect, test } from "vitest";
import { trafficOf } from "../../src/domain/channel.ts";
import { paidClickIds } from "../../src/metrics/channels/click-ids.ts";
import { classify, type VisitInput } from "../../src/metrics/channels/classify.ts";
import { lists } from "./cases.ts";

const word = fc.constantFrom(
  "google",
  "Facebook",
  "youtube.com",
  "alibaba",
  "(direct)",
  "(none)",
  "(not set)",
  "cpc",
  "cpm",
  "paid-social",
  "organic",
  "referral",
  "email",
  "Social Media",
  "summer shopping",
  "cross-network",
  "chatgpt.com",
  "affiliate",
  "push",
);
const text = fc.oneof(
  { weight: 4, arbitrary: word },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme" }) },
);
const optional = fc.option(text, { nil: undefined });
const visit: fc.Arbitrary<VisitInput> = fc.record({
  source: optional,
  medium: optional,
  campaign: optional,
  campaignId: optional,
  referrerHost: fc.option(
    fc.oneof(fc.constantFrom("www.google.com", "m.facebook.com", "example.com", "ad.doubleclick.net"), text),
    { nil: undefined },
  ),
});

test("traffic is a function of the channel", () => {
  fc.assert(
    fc.property(visit, (input) => {
      const { channel, traffic } = classify(input, lists);
      expect(traffic).toBe(trafficOf(channel));
    }),
  );
});

test("fbclid never makes an untagged or unpaid visit paid, and never changes a tagged one", () => {
  fc.assert(
    fc.property(visit, (input) => {
      const without = classify(input, lists);
      const withIt = classify({ ...input, fbclid: "IwAR1" }, lists);
      expect(withIt.traffic === "paid").toBe(without.traffic === "paid");
      if (without.evidence === "utm") expect(withIt).toEqual(without);
    }),
  );
});

test("a paid-only click id always makes traffic paid", () => {
  fc.assert(
    fc.property(visit, fc.constantFrom(...paidClickIds), (input, { name, platform }) => {
      expect(classify({ ...input, [name]: "abc" }, lists)).toMatchObject({ traffic: "paid", platform });
    }),
  );
});

test("case and blanks never change the result", () => {
  const ascii = fc.record({ source: word, medium: word, campaign: word, referrerHost: word });
  fc.assert(
    fc.property(ascii, (input) => {
      const loud = Object.fromEntries(
        Object.entries(input).map(([key, value]) => [
          key,
          `  ${value.toUpperCase().replaceAll(" ", " \t ")} `,
        ]),
      );
      expect(classify(loud, lists)).toEqual(classify(input, lists));
    }),
  );
});

test("nothing that can be handed in makes it throw", () => {
  const anyKey = fc.constantFrom("source", "medium", "campaign", "referrerHost", "gclid", "reportedChannel");
  fc.assert(
    fc.property(fc.dictionary(anyKey, fc.anything()), (input) => {
      expect(classify(input as VisitInput, lists).channel).toBeTypeOf("string");
    }),
    { numRuns: 500 },
  );
});
