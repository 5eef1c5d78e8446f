import { describe, expect, test } from "vitest";
import { alertProblems } from "../../src/alerts/rule/problems.ts";
import { alertSettings, notifierSettings } from "../../src/alerts/rule/settings.ts";

const rule = { name: "r", metric: "cost_per_conversion", above: 40, notify: ["ops"] };
const notifiers = { ops: { type: "webhook", url: "https://example.com/hook" } };

const fieldProblems = (written: unknown): string[] => {
  const { error } = alertSettings().safeParse([written]);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
};

describe("a rule's fields", () => {
  test("the example of the documentation is read, figures as decimal text", () => {
    const written = {
      name: "meta-too-expensive",
      metric: "cost_per_conversion",
      by: "campaign",
      where: { platform: "meta", campaign: "Brand*" },
      window: "7d",
      settle: "2d",
      above: 40.5,
      currency: "EUR",
      minSpend: "50",
      minConversions: 0,
      for: "2d",
      repeat: "24h",
      severity: "critical",
      notify: ["team", "ops"],
    };
    expect(alertSettings().parse([written])).toMatchObject([
      { above: "40.5", minSpend: "50", minConversions: "0" },
    ]);
    expect(
      alertSettings().parse([{ name: "stale", metric: "freshness", above: 36, notify: ["ops"] }]),
    ).toMatchObject([{ window: "7d", settle: "0d", for: "0d", severity: "warning" }]);
  });
  test.each([
    [{ metric: "cpc" }, /cost per click to some and cost per conversion to others/],
    [{ metric: "ctr" }, /must be one of cost_per_conversion/],
    [{ by: "keyword" }, /must be one of platform, account/],
    [{ window: "1w" }, /must be whole days/],
    [{ window: "36h" }, /must be whole days/],
    [{ window: "0d" }, /at least 1d/],
    [{ repeat: "often" }, /must be a length of time/],
    [{ above: undefined, changeAbove: 30 }, /must be a percentage, such as 30%/],
    [{ above: undefined, changeBelow: "30" }, /must be a percentage/],
    [{ above: "a lot" }, /must be a number/],
    [{ currency: "euro" }, /three letters/],
    [{ treshold: 3 }, /treshold/],
  ])("%j is refused", (change, message) => {
    expect(fieldProblems({ ...rule, ...change }).join("\n")).toMatch(message);
  });
});

describe("notifiers", () => {
  test.each([
    ["http://127.0.0.1:9/hook", false, undefined],
    ["https://hooks.example.com/x", false, undefined],
    ["http://hooks.example.com/x", false, /https URL/],
    ["https://10.0.0.5/x", false, /private address/],
    ["https://10.0.0.5/x", true, undefined],
    ["https://[fd00::1]/x", false, /private address/],
    ["https://[::ffff:169.254.169.254]/", false, /private address/],
    ["http://2130706433/", false, undefined],
    ["https://user:pass@example.com/", false, /user or password/],
    ["ftp://localhost/", false, /http or https/],
    ["nonsense", false, /not a URL/],
  ])("%s (private allowed: %s)", (url, allowPrivate, message) => {
    const { error } = notifierSettings.safeParse({ ops: { type: "webhook", url, allowPrivate } });
    if (message === undefined) expect(error).toBeUndefined();
    else expect(error?.issues.map((issue) => issue.message).join()).toMatch(message);
  });
});

describe("what concerns several fields", () => {
  const problems = (alerts: readonly unknown[]) =>
    alertProblems({ alerts, notifiers }).map(({ path, message }) => `${path}: ${message}`);

  test("a good rule has no problem", () => {
    expect(problems([rule])).toEqual([]);
  });

  test("everything is said at once, each with its path", () => {
    const found = problems([
      { ...rule, notify: ["ops", "nobody"], below: 3 },
      { ...rule, above: undefined, window: "600d", changeAbove: "10%" },
      { ...rule, name: "other", above: undefined },
      { ...rule, name: "fresh", metric: "freshness", by: "campaign", above: undefined, changeAbove: "3%" },
      { ...rule, name: "both", by: "network", where: { action: "x" } },
      "not even a rule",
    ]);
    expect(found).toEqual([
      expect.stringMatching(/^alerts\[0\]\.notify\[1\]: no notifier is called nobody; there is ops/),
      expect.stringMatching(/^alerts\[0\]\.below: stands beside above/),
      expect.stringMatching(/^alerts\[1\]\.name: is the name of alerts\[0\] too/),
      expect.stringMatching(/^alerts\[1\]\.window: reaches back 1200 days; figures are kept for 1125/),
      expect.stringMatching(/^alerts\[2\]: needs one of above/),
      expect.stringMatching(/^alerts\[3\]\.changeAbove: does not go with freshness/),
      expect.stringMatching(/^alerts\[3\]\.by: freshness is known by account only/),
      expect.stringMatching(/^alerts\[4\]\.where\.action: figures are kept by network or by action/),
    ]);
  });

  test("an amount needs a currency where the known accounts differ, and only there", () => {
    const accountsCurrencies = [
      { platform: "google", accountId: "1112223333", currency: "EUR" },
      { platform: "meta", accountId: "1", currency: "USD" },
    ];
    const check = (change: object) =>
      alertProblems({ alerts: [{ ...rule, ...change }], notifiers }, accountsCurrencies);
    expect(check({})).toMatchObject([
      { path: "alerts[0].currency", message: expect.stringContaining("EUR, USD") },
    ]);
    expect(check({ currency: "EUR" })).toEqual([]);
    expect(check({ where: { account: "111-222-3333" } })).toEqual([]);
    expect(check({ above: undefined, changeAbove: "3%" })).toEqual([]);
  });
});
