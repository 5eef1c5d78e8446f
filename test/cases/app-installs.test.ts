import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseConfig } from "../../src/config.ts";
import type { ConfigError } from "../../src/config/problems.ts";
import { answersOf, metaSettings, serveMeta } from "./platforms.ts";
import { openCase } from "./world.ts";

const meta = (url: string, conversions: readonly string[]) => ({
  ...metaSettings(url),
  accounts: ["900100200300402"],
  conversions,
});

test("a set that counts the same installs twice is refused, with both names", () => {
  const config = {
    connectors: { meta: meta("http://127.0.0.1:9", ["mobile_app_install", "omni_app_install"]) },
  };
  const problems = (() => {
    try {
      parseConfig(JSON.stringify(config), join(tmpdir(), "costper.yaml"), {});
      return [];
    } catch (error) {
      return (error as ConfigError).problems;
    }
  })();
  expect(problems).toEqual([
    {
      path: "connectors.meta.conversions",
      message: expect.stringMatching(/^mobile_app_install and omni_app_install overlap: /) as unknown,
    },
  ]);
});

test.each(["mobile_app_install", "omni_app_install"])(
  "either name alone counts them once: %s",
  async (name) => {
    const url = await serveMeta(await answersOf("app-installs-twice"));
    const { sync, mart } = await openCase({
      config: { connectors: { meta: meta(url, [name]) } },
      now: "2026-10-06T12:00:00Z",
    });
    await sync({ from: "2026-10-05", to: "2026-10-05" });
    expect(await mart()).toEqual(["2026-10-05 120 6 20.00"]);
  },
);
