import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { axeViolations, drawn, launchBrowser, openPage, visit } from "../support/browser.ts";
import { queueBoard } from "../../src/web/queue-board.ts";
import { openQueues } from "../../src/jobs/queue.ts";
import { createDatabase } from "../support/database.ts";
import { silentLog, smallSeed, startWeb } from "../support/web.ts";

let browser: Browser;
beforeAll(async () => void (browser = await launchBrowser()));
afterAll(() => browser.close());

const token = "a-token-of-the-operator";
const reader = "a-token-of-a-reader-who-looks-on";
const range = "from=2026-11-01&to=2026-11-20";

const signedIn = async (shown: string, options: Parameters<typeof startWeb>[0] = {}) => {
  const web = await startWeb({
    token,
    tokens: [{ name: "Controlling", token: reader, role: "reader" }],
    seed: smallSeed,
    ...options,
  });
  const page = await openPage(browser, { reducedMotion: "reduce" });
  await page.goto(`${web.url}/login`);
  await page.getByLabel("Token").fill(shown);
  await page.getByRole("button", { name: "Log in" }).click();
  await drawn(page);
  const sql = async <Row extends object>(statement: string): Promise<Row[]> =>
    (await web.database.pool.query<Row>(statement)).rows;
  return { ...web, page, sql };
};

/** What waits for answers is dimmed: rules of contrast hold for what is drawn. */
const violations = async (page: Page): Promise<readonly string[]> => {
  await settled(page);
  return axeViolations(page);
};

const settled = (page: Page): Promise<unknown> => page.waitForSelector("main:not([aria-busy])");

test("the navigation counts what fires, and signing out ends the session", async () => {
  const { page, url, sql } = await signedIn(token);
  const [{ firing } = { firing: 0 }] = await sql<{ firing: number }>(
    "select count(*)::int as firing from ops.alert where state = 'firing'",
  );
  expect(firing).toBeGreaterThan(0);
  await page.locator("nav .count").waitFor();
  expect(await page.locator("nav .count").textContent()).toBe(`${String(firing)} firing`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token").waitFor();
  expect(await sql("select from ops.web_session")).toEqual([]);
  await page.goto(url);
  await page.getByLabel("Token").waitFor();
});

test("an account is paused with a reason and resumed on the health page", async () => {
  const { page, url, sql } = await signedIn(token);
  await visit(page, `${url}/health?${range}`);
  expect(await page.getByText("Next night:").textContent()).toContain("UTC");
  await page.getByRole("button", { name: "Pause Google account 1" }).click();
  await page.getByLabel("Why Google account 1 is paused").fill("new agency");
  await page.getByRole("button", { name: "Pause Google account 1" }).click();
  await page.getByText("by web.token: new agency").waitFor();
  expect(await sql("select platform, account_id, made_by, reason from ops.account_pause")).toEqual([
    { platform: "google", account_id: "1000001", made_by: "web.token", reason: "new agency" },
  ]);
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: "Resume Google account 1" }).click();
  await page.getByRole("button", { name: "Pause Google account 1" }).waitFor();
  expect(await sql("select from ops.account_pause")).toEqual([]);
});

test("an alert speaks in words with a link, and its silence is listed and ended", async () => {
  const { page, url, sql } = await signedIn(token);
  await sql(`
    insert into ops.alert (rule, series, labels, state, severity, metric, value, threshold, currency, since, explanation, evaluated_at)
    values ('dear', 'x', '{"platform": "google", "account_id": "1000001", "campaign_id": "10000010002", "campaign_name": "Winter"}',
            'firing', 'critical', 'cost_per_conversion', 52.4, 40, 'EUR', now(), '', now())`);
  await visit(page, `${url}/alerts?state=firing`);
  const card = page.locator("article", { hasText: "Winter" });
  expect(await card.locator("p").first().textContent()).toBe(
    "Winter (Google) costs €52.40 per conversion, above the limit of €40.00.",
  );
  expect(await card.getByRole("link", { name: "Winter" }).getAttribute("href")).toBe(
    "/campaign?account=google%3A1000001&campaign=10000010002",
  );
  await card.getByLabel("Why it is silenced").fill("known");
  await card.getByRole("button", { name: "Silence dear for Winter" }).click();
  const silences = page.locator("section", { has: page.getByRole("heading", { name: "Silences" }) });
  await silences.waitFor();
  expect(await silences.locator("tbody tr").allTextContents()).toEqual([
    expect.stringMatching(/^dearWinter.*web\.tokenknownEnd/) as string,
  ]);
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: "End the silence of dear for Winter" }).click();
  await silences.waitFor({ state: "detached" });
  expect(await sql("select ended_by from ops.alert_silence")).toEqual([{ ended_by: "web.token" }]);
});

test("a note is added, changed and deleted on the overview, and stands among what happened", async () => {
  const { page, url, sql } = await signedIn(token);
  await visit(page, `${url}/?${range}&platform=google`);
  await page.getByRole("button", { name: "Add a note" }).click();
  const form = page.getByRole("form", { name: "A new note" });
  await form.getByLabel("Day").fill("2026-11-10");
  await form.getByLabel("What happened").fill("new landing page");
  await page.getByRole("button", { name: "Add the note" }).click();
  await page.locator(".notes", { hasText: "new landing page" }).waitFor();
  expect(await sql("select date, platform, account_id, text, made_by from ops.note")).toEqual([
    {
      date: "2026-11-10",
      platform: "google",
      account_id: null,
      text: "new landing page",
      made_by: "web.token",
    },
  ]);
  const happened = page.locator("section", { has: page.getByRole("heading", { name: "What happened" }) });
  await happened.getByText("new landing page").waitFor();
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: "Change the note: new landing page" }).click();
  await page
    .getByRole("form", { name: "Change the note" })
    .getByLabel("What happened")
    .fill("newer landing page");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Delete the note: newer landing page" }).click();
  await page.locator(".notes").waitFor({ state: "detached" });
  expect(await sql("select from ops.note")).toEqual([]);
});

test("a rule is tried in the page: what it would have said, and the YAML to copy", async () => {
  const { page, url, sql } = await signedIn(token);
  await sql(`
    insert into ops.account_day (platform, account_id, date, state, difference)
    select a.platform, a.account_id, d::date, 'complete', 0
    from warehouse.account a, generate_series(date '2026-10-01', date '2026-11-20', interval '1 day') d
    on conflict (platform, account_id, date) do update set state = 'complete', difference = 0`);
  await visit(page, `${url}/alerts`);
  await page.getByText("A new rule").click();
  await page.getByLabel("Name").fill("dear");
  await page.getByLabel("Limit").fill("30");
  await page.getByLabel("Over days").fill("1");
  await page.getByLabel("For each").selectOption("campaign");
  await page.getByLabel("Tried from").fill("2026-11-05");
  await page.getByLabel("Tried to").fill("2026-11-14");
  const answered = page.waitForResponse((answer) => answer.url().endsWith("/api/alerts/replay"));
  await page.getByRole("button", { name: "Try it" }).click();
  const answer = (await (await answered).json()) as { fired: number; days: number; yaml: string };
  expect(answer.fired).toBeGreaterThan(1);
  await page
    .getByText(`It would have fired ${String(answer.fired)} times in ${String(answer.days)} days.`)
    .waitFor();
  const tried = page.getByLabel("What the rule would have said");
  expect(await tried.locator("pre").textContent()).toBe(answer.yaml);
  expect(answer.yaml).toContain("name: dear");
  expect(await tried.locator("tbody tr").count()).toBe(answer.fired);
  expect(await violations(page)).toEqual([]);
});

test("a reader sees it all and is offered nothing that changes", async () => {
  const { page, url, sql } = await signedIn(reader);
  await sql("insert into ops.note (date, text) values ('2026-11-10', 'seen by all')");
  for (const path of [`/?${range}`, `/health?${range}`, "/alerts"]) {
    await visit(page, url + path);
    await settled(page);
    for (const name of ["Silence", "Pause", "Resume", "Sync now", "Add a note", "Change", "Delete", "Try"])
      expect(await page.locator("main").getByRole("button", { name }).count(), `${path} ${name}`).toBe(0);
    expect(await violations(page), path).toEqual([]);
  }
  await visit(page, `${url}/?${range}`);
  await page.locator(".notes", { hasText: "seen by all" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token").waitFor();
  expect(await sql("select from ops.web_session")).toEqual([]);
});

test("the board is linked from the health page, and shows a reader no buttons", async () => {
  const { url: databaseUrl, drop } = await createDatabase();
  onTestFinished(drop);
  const queues = await openQueues({
    redisUrl: undefined,
    databaseUrl,
    prefix: "costper-board",
    log: silentLog,
  });
  onTestFinished(() => queues.close());
  const options = {
    nights: { begin: () => Promise.resolve(undefined) },
    extraRoutes: queueBoard([queues.queue("night")], { readOnly: false }),
  };
  const { page, url } = await signedIn(reader, options);
  await visit(page, `${url}/health?${range}`);
  await page.getByRole("link", { name: "The job board" }).click();
  await page.getByText("night", { exact: false }).first().waitFor();
  const board = async (shown: string): Promise<string> =>
    (
      await fetch(`${url}/queues/api/queues?activeQueue=night&page=1&jobsPerPage=10`, {
        headers: { authorization: `Bearer ${shown}` },
      })
    ).text();
  expect(await board(reader)).toContain('"readOnlyMode":true');
  expect(await board(token)).toContain('"readOnlyMode":false');
});

test("a breakdown is downloaded as a workbook", async () => {
  const { page, url } = await signedIn(reader);
  await visit(page, `${url}/breakdown?by=campaign&${range}`);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Excel" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("costper-campaign.xlsx");
});
