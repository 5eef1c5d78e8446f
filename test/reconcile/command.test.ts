import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createLinkedinSandbox, linkedinSandboxSettings } from "../../sandbox/linkedin/index.ts";
import { listen } from "../../sandbox/server.ts";
import { rangeOf } from "../../src/commands/reconcile.ts";
import { addDays, dayAt } from "../../src/domain/day.ts";
import { freshDatabase } from "../support/database.ts";

const root = join(import.meta.dirname, "..", "..");

test("reconcile ends with 1 and names the day where the platform has changed a figure, and with 0 after the next sync", async () => {
  const { url } = await freshDatabase();
  const sandbox = createLinkedinSandbox({ clock: () => new Date(), campaigns: 3, accounts: 1 });
  const server = await listen(sandbox);
  const folder = await mkdtemp(join(tmpdir(), "costper-reconcile-"));
  onTestFinished(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });
  const config = join(folder, "costper.yaml");
  const accountId = sandbox.accounts[0]?.id ?? "";
  await writeFile(
    config,
    JSON.stringify({
      database: url,
      connectors: { linkedin: { ...linkedinSandboxSettings(server.url), accounts: [accountId] } },
    }),
  );
  const to = addDays(dayAt(new Date(), "UTC"), -1);
  const from = addDays(to, -4);
  const costper = (command: string) =>
    new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
      const args = [
        join(root, "src", "cli.ts"),
        command,
        "--json",
        "--config",
        config,
        "--from",
        from,
        "--to",
        to,
      ];
      execFile(join(root, "node_modules", ".bin", "tsx"), args, (error, stdout, stderr) =>
        resolve({ status: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
      );
    });
  expect((await costper("sync")).status).toBe(0);

  const spent = sandbox.truth.campaignDays(accountId, from, to).find(({ spend }) => Number(spend) > 0);
  sandbox.restate(spent?.campaignId ?? "", spent?.date ?? "", 50);
  const differing = await costper("reconcile");
  expect(differing.status).toBe(1);
  expect(JSON.parse(differing.stdout)).toMatchObject({
    accounts: [
      {
        account_id: accountId,
        days: 5,
        differences: [
          { date: spent?.date, cause: "the platform has changed its figure since the last sync" },
        ],
      },
    ],
  });
  expect(differing.stderr.trimEnd().split("\n").at(-1)).toContain(`linkedin ${accountId}: 1 day differs`);
  expect((await costper("sync")).status).toBe(0);
  expect((await costper("reconcile")).status).toBe(0);
});

test.each([
  // In Los Angeles it is still the 28th.
  [
    { from: "2026-11-22", to: "2026-11-28" },
    { from: "2026-11-22", to: "2026-11-27" },
  ],
  [{ to: "2026-11-26" }, { from: "2026-11-24", to: "2026-11-26" }],
  [{}, { from: "2026-11-25", to: "2026-11-27" }],
  // Asked for alone, it is compared.
  [{ from: "2026-11-28" }, { from: "2026-11-28", to: "2026-11-28" }],
  [
    { from: "2026-11-28", to: "2026-11-28" },
    { from: "2026-11-28", to: "2026-11-28" },
  ],
])("a day that has not ended where the account is, is no difference: %j", (asked, range) => {
  const now = new Date("2026-11-29T02:00:00Z");
  expect(rangeOf({ timeZone: "America/Los_Angeles" }, asked, 3, now)).toEqual(range);
});
