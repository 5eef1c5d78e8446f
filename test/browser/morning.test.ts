import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { MorningAnswer } from "../../src/web/api/morning.ts";
import { openWeb } from "../../src/web/server.ts";
import { axeViolations, launchBrowser, openPage, visit } from "../support/browser.ts";
import { freshDatabase } from "../support/database.ts";
import { openShared, silentLog, smallSeed } from "../support/web.ts";

let browser: Browser;
let shared: Awaited<ReturnType<typeof openShared>>;

beforeAll(async () => {
  [browser, shared] = await Promise.all([
    launchBrowser(),
    openShared({ ...smallSeed, reportingCurrency: "EUR" }),
  ]);
});
afterAll(async () => {
  await browser.close();
  await shared.close();
});

const euros = (text: string | null | undefined): string =>
  new Intl.NumberFormat("en-GB", { style: "currency", currency: "EUR" }).format(
    text as Intl.StringNumericLiteral,
  );

/** The words that a reader sees without touching anything. */
const firstScreen = (page: Page): Promise<string> =>
  page.evaluate(`(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const seen = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const range = document.createRange();
      range.selectNodeContents(node);
      const box = range.getBoundingClientRect();
      if (box.height > 0 && box.bottom <= innerHeight && box.top >= 0) seen.push(node.textContent);
    }
    return seen.join(" ").replace(/\\s+/g, " ");
  })()`);

const told = async (): Promise<MorningAnswer> => {
  const answer = await fetch(`${shared.url}/api/morning`);
  return (await answer.json()) as MorningAnswer;
};

test.each([
  [1440, 900],
  [1280, 800],
])(
  "at %i by %i the first screen says what a paid conversion cost yesterday, how that changed at equal age, and why",
  async (width, height) => {
    const page = await openPage(browser, { viewport: { width, height } });
    await visit(page, shared.url);
    const text = await firstScreen(page);
    const { rows } = await shared.database.pool.query<{ cost: string }>(
      `select sum(spend_reporting) / sum(conversions) as cost from marts.cost_per_conversion_daily
       where date = '2026-11-18'`,
    );
    const { groups, fresh } = await told();
    const all = groups[0]?.all;
    expect(text).toContain("The last whole day, 18 Nov 2026");
    expect(text).toContain(`${euros(rows[0]?.cost)} per paid conversion`);
    expect(text).toContain(fresh.text);
    const change = all?.words.change ?? "";
    expect(change).toMatch(/(dearer|cheaper): .* against .* on Wednesday, 11 November 2026/);
    expect(text).toContain(change);
    const driver = all?.compared?.drivers[0]?.text ?? "";
    expect(driver).toMatch(/: [+-]\d+\.\d\d EUR$/);
    expect(text.toLowerCase()).toContain(driver.toLowerCase());
  },
);

test("every platform's figure of the morning is the mart's, and each campaign that moved it is a link", async () => {
  const page = await openPage(browser);
  await visit(page, shared.url);
  const { rows } = await shared.database.pool.query<{ platform: string; cost: string; expected: string }>(
    `select platform, sum(spend_reporting) / sum(conversions) as cost,
            sum(spend_reporting) / sum(projected_conversions) as expected
     from marts.cost_per_conversion_by_account_daily where date = '2026-11-18' group by 1 order by 1`,
  );
  const cells = await page
    .locator(".morning tbody tr")
    .evaluateAll((lines) =>
      lines.map((line) => [...line.querySelectorAll("th, td")].slice(0, 3).map((cell) => cell.textContent)),
    );
  const shown = (line: readonly (string | null)[]): string => line.join(" ");
  expect(new Set(cells.map((line) => shown(line.slice(1))))).toEqual(
    new Set(rows.map(({ cost, expected }) => shown([euros(cost), euros(expected)]))),
  );
  const links = await page
    .locator(".movers a")
    .evaluateAll((anchors) => anchors.map((anchor) => anchor.getAttribute("href")));
  const { groups } = await told();
  expect(links).toEqual(
    groups[0]?.movers.map(
      ({ platform, account_id, campaign_id }) =>
        `/campaign?account=${platform}%3A${account_id}&campaign=${campaign_id}`,
    ),
  );
});

test("a configured platform without figures is said above every view", async () => {
  const database = await freshDatabase();
  const web = await openWeb({
    config: { web: { host: "127.0.0.1", port: 0 }, connectors: { linkedin: {} } as never },
    db: database.db,
    log: silentLog,
  });
  onTestFinished(() => web.close());
  const page = await openPage(browser);
  for (const path of ["/", "/breakdown", "/truth", "/health", "/alerts"]) {
    await visit(page, web.url + path);
    await page.locator(".missing").getByText("linkedin is configured and has no account yet").waitFor();
  }
  expect(await axeViolations(page)).toEqual([]);
});

test.each(["light", "dark"] as const)(
  "the truth view breaks no rule of accessibility, %s",
  async (colorScheme) => {
    const page = await openPage(browser, { colorScheme });
    await visit(page, `${shared.url}/truth`);
    expect(await page.locator("h1").textContent()).toBe("Claim and truth");
    expect(await axeViolations(page)).toEqual([]);
  },
);
