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
