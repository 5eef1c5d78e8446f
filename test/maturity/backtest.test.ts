import { expect, test } from "vitest";
import { replay } from "../../bench/backtest/replay.ts";
import { freshDatabase } from "../support/database.ts";
import { sandboxNames } from "../../sandbox/platforms.ts";

test("projections are nearer to the final truth of the sandboxes than what was known, on each platform", async () => {
  const { pool } = await freshDatabase();
  const rows = await replay({ pool, nights: 6, signal: new AbortController().signal });
  expect(
    rows.map(({ grain, platform, age_days }) => `${grain} ${platform} ${String(age_days)}`),
  ).toHaveLength(6 * sandboxNames.length);
  for (const row of rows.filter(({ grain, age_days }) => grain === "platform" && age_days < 7)) {
    expect(Number(row.projected_error), `${row.platform} at ${String(row.age_days)}`).toBeLessThan(
      Number(row.raw_error),
    );
    expect(Number(row.projected_cost_error)).toBeLessThan(Number(row.raw_cost_error));
  }
}, 120_000);
