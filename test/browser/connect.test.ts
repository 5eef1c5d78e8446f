import { type Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createGa4Sandbox, ga4SandboxCredentials } from "../../sandbox/ga4/index.ts";
import { startSandbox, type Sandbox } from "../../sandbox/start.ts";
import { listen, type SandboxServer } from "../../sandbox/server.ts";
import { folderWith, startConnect } from "../connect/support.ts";
import { axeViolations, launchBrowser, openPage } from "../support/browser.ts";

let browser: Browser;
let sandbox: Sandbox;
let ga4: SandboxServer<"ga4">;

beforeAll(async () => {
  [browser, sandbox, ga4] = await Promise.all([
    launchBrowser(),
    startSandbox({ clock: () => new Date(), port: 0 }),
    listen(createGa4Sandbox({ "4711": { rows: [] } })),
  ]);
});
afterAll(async () => {
  await browser.close();
  await sandbox.close();
  await ga4.close();
});

const configOf = (name: string) => ({
  connectors: {
    ...sandbox.settings.connectors,
    ...(name === "ga4" && {
      ga4: { ...ga4SandboxCredentials, endpoints: { api: ga4.url, oauth: ga4.url, admin: ga4.url } },
    }),
  },
});

const names = ["google", "meta", "linkedin", "microsoft", "x", "ga4"] as const;

test.each(names)(
  "%s: a person allows the access in the browser, and is sent back to the terminal",
  async (name) => {
    const running = startConnect(await folderWith(configOf(name)), [name, "--no-browser"]);
    const page = await openPage(browser);
    await page.goto(await running.address);
    expect(await axeViolations(page)).toEqual([]);
    await page.click("#allow");
    await page.waitForSelector("h1:text('Back to the terminal')");
    expect(page.url()).toMatch(/^http:\/\/(127\.0\.0\.1|localhost):\d+\/\?/);
    expect(await axeViolations(page)).toEqual([]);
    const { status, out, err } = await running.ended;
    expect({ status, err }).toMatchObject({ status: 0 });
    expect(out).toContain("wrote ");
  },
);

test.each(names)("%s: a person denies it, and nothing is written", async (name) => {
  const running = startConnect(await folderWith(configOf(name)), [name, "--no-browser"]);
  const page = await openPage(browser);
  await page.goto(await running.address);
  await page.click("#deny");
  await page.waitForSelector("h1:text('Back to the terminal')");
  expect(await running.ended).toMatchObject({ status: 1, out: "" });
});

test("on another machine the PIN of X is read from the page and typed", async () => {
  const running = startConnect(await folderWith(configOf("x")), ["x", "--manual"]);
  const page = await openPage(browser);
  await page.goto(await running.address);
  await page.click("#allow");
  running.type((await page.textContent("#pin")) ?? "");
  expect(await running.ended).toMatchObject({ status: 0 });
});
