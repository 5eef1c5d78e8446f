import { expect, test } from "vitest";
import { parseConfig } from "../../src/config.ts";
import { ConfigError } from "../../src/config/problems.ts";
import { x } from "../../src/connectors/x/platform.ts";
import { stringify } from "yaml";

const keys = { consumerKey: "ck", consumerSecret: "cs", accessToken: "at", accessTokenSecret: "ts" };

const problemsOf = (section: object): readonly string[] => {
  try {
    parseConfig(stringify({ connectors: { x: section } }), "/nowhere/costper.yaml", {});
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
};

test("the four keys are enough", () => {
  expect(problemsOf(keys)).toEqual([]);
  expect(
    parseConfig(stringify({ connectors: { x: keys } }), "/nowhere/costper.yaml", {}).connectors["x"],
  ).toMatchObject({
    conversions: ["purchases", "custom"],
    attribution: ["post_engagement", "post_view"],
    endpoints: { api: "https://ads-api.x.com" },
  });
});

test.each([
  [{ ...keys, consumerKey: undefined }, /^connectors\.x\.consumerKey: is missing/],
  [
    { ...keys, conversions: ["purchase"] },
    /^connectors\.x\.conversions\[0\]: must be one of purchases, sign_ups, /,
  ],
  [{ ...keys, conversions: [] }, /^connectors\.x\.conversions: /],
  [{ ...keys, attribution: ["7d_click"] }, /^connectors\.x\.attribution\[0\]: .*post_engagement/],
  [
    { ...keys, accounts: ["acc-1"] },
    /^connectors\.x\.accounts\[0\]: is no x account id: must be letters and digits/,
  ],
  [
    { ...keys, accounts: ["acc1:EUR", "acc1:eur"] },
    /^connectors\.x\.accounts\[1\]: names the account of accounts\[0\] again/,
  ],
  [{ ...keys, bearerToken: "t" }, /^connectors\.x\.bearerToken: /],
  [
    { ...keys, endpoints: { api: "http://example.com" } },
    /^connectors\.x\.endpoints\.api: must be an https URL/,
  ],
])("%o is refused with what is wrong", (section, says) => {
  const problems = problemsOf(section);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(says);
});

test("one part of the attribution counts alone; both are X's own figure, whichever part it is of", () => {
  const rule = (attribution?: readonly ("post_view" | "post_engagement")[]) =>
    x.countingRule(attribution ? { attribution: [...attribution] } : {}).attributions;
  expect(rule(["post_engagement"])).toEqual(["post_engagement"]);
  expect(rule(["post_view", "post_engagement"])).toBeNull();
  expect(rule()).toBeNull();
});
