import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cutChangelog, isLater } from "../scripts/release/changelog.ts";

const changelog = "# Changelog\n\n## Unreleased\n\n### Added\n\n- One.\n\n## 0.1.0 (2026-01-02)\n\n- Zero.\n";

test("a release takes what is unreleased under its version, and leaves an empty part above", () => {
  expect(cutChangelog(changelog, "0.2.0", "2026-11-28")).toBe(
    "# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-11-28)\n\n### Added\n\n- One.\n\n## 0.1.0 (2026-01-02)\n\n- Zero.\n",
  );
});

test("a release without a change, or of a version that is there, is refused", () => {
  const empty = changelog.replace("### Added\n\n- One.\n\n", "");
  expect(() => cutChangelog(empty, "0.2.0", "2026-11-28")).toThrow("nothing under Unreleased");
  expect(() => cutChangelog(changelog, "0.1.0", "2026-11-28")).toThrow("a version 0.1.0 already");
});

test.each([
  ["0.2.0", "0.1.9", true],
  ["0.10.0", "0.9.0", true],
  ["1.0.0", "0.9.9", true],
  ["0.1.0", "0.1.0", false],
  ["0.1.0", "0.2.0", false],
])("%s after %s: %s", (next, last, later) => {
  expect(isLater(next, last)).toBe(later);
});

test("a dry run does all of a release in a copy: changelog, version, a warehouse to upgrade from, the package", () => {
  const root = join(import.meta.dirname, "..");
  const status = () => spawnSync("git", ["status", "--porcelain"], { cwd: root, encoding: "utf8" }).stdout;
  const before = status();
  const {
    stdout,
    stderr,
    status: ended,
  } = spawnSync(
    process.execPath,
    ["--import", import.meta.resolve("tsx"), join("scripts", "release.ts"), "999.0.0", "--dry-run"],
    { cwd: root, encoding: "utf8" },
  );
  expect({ ended, stderr }).toMatchObject({ ended: 0 });
  expect(stdout).toMatch(/^chore: release 999\.0\.0$/m);
  expect(stdout).toMatch(/^\+## 999\.0\.0 \(\d{4}-\d{2}-\d{2}\)$/m);
  expect(stdout).toMatch(/^\+ {2}"version": "999\.0\.0",$/m);
  expect(stdout).toMatch(/released\/999\.0\.0\/(warehouse\.zip|steps\.json)/);
  for (const file of [
    "dist/cli.js",
    "migrations/0010_accounts.sql",
    "docs/first-hour.md",
    "docs/examples/costs.csv",
  ])
    expect(stdout).toContain(`package/${file}\n`);
  expect(stdout).not.toMatch(/^package\/(src|test|scripts)\//m);
  expect(status()).toBe(before);
}, 280_000);
