import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { observe, storeAccount } from "../maturity/support.ts";
import { freshDatabase } from "../support/database.ts";

const run = promisify(execFile);
const cli = join(import.meta.dirname, "..", "..", "src", "cli.ts");
const tsx = join(import.meta.dirname, "..", "..", "node_modules", ".bin", "tsx");

/** A warehouse with one campaign-day that grew, was taken back and vanished, and a config that points at it. */
const prepared = async () => {
  const { pool, url } = await freshDatabase();
  const key = await storeAccount(pool, "meta", "7", "America/Los_Angeles");
  const at = (day: number) => `2026-03-${String(day).padStart(2, "0")}T12:00:00Z`;
  await observe(pool, key, [
    { day: "2026-03-02", at: at(3), conversions: 2, campaign: "2001" },
    { day: "2026-03-02", at: at(5), conversions: 4, campaign: "2001" },
    { day: "2026-03-02", at: at(9), conversions: null, campaign: "2001" },
  ]);
  const folder = await mkdtemp(join(tmpdir(), "costper-history-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const config = join(folder, "costper.yaml");
  await writeFile(config, JSON.stringify({ database: url, connectors: { meta: { accessToken: "t" } } }));
  return (...args: string[]) => run(tsx, [cli, "history", "--config", config, ...args]);
};

test("history tells when a campaign's day changed, at which age, and what moved", async () => {
  const history = await prepared();
  const { stdout } = await history("--campaign", "2001", "--date", "2026-03-02");
  const lines = stdout.split("\n");
  expect(lines[0]).toContain("meta 7, campaign 2001, 2026-03-02: no longer reported");
  expect(lines.find((line) => line.includes("2026-03-03"))).toMatch(/1 d.*100\.00 EUR.*2\.00.*first seen/);
  expect(lines.find((line) => line.includes("2026-03-05"))).toMatch(/3 d.*4\.00.*conversions$/);
  expect(lines.find((line) => line.includes("2026-03-09"))).toMatch(/7 d.*–.*vanished/);
  expect(stdout).toContain("conversions, from age 1 days on");
  const json = JSON.parse((await history("--campaign", "2001", "--date", "2026-03-02", "--json")).stdout) as {
    history: { account_id: string; changes: { age_days: number; conversions: string | null }[] }[];
  };
  expect(json.history).toMatchObject([
    { account_id: "7", changes: [{ age_days: 1 }, { age_days: 3 }, { age_days: 7, conversions: null }] },
  ]);
});

test("history of a campaign-day that nobody knows says so", async () => {
  const history = await prepared();
  expect((await history("--campaign", "9", "--date", "2026-03-02")).stdout).toContain(
    "nothing was ever known",
  );
});
