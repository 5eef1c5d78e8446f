import { afterAll, beforeAll, expect, test } from "vitest";
import { toUnits } from "../../src/domain/decimal.ts";
import type { MorningAnswer } from "../../src/web/api/morning.ts";
import { openShared, smallSeed } from "../support/web.ts";

let shared: Awaited<ReturnType<typeof openShared>>;
beforeAll(async () => {
  shared = await openShared(smallSeed);
});
afterAll(() => shared.close());

const ask = async (query = ""): Promise<MorningAnswer> => {
  const answer = await fetch(`${shared.url}/api/morning${query}`);
  const body = (await answer.json()) as MorningAnswer;
  expect(answer.status, JSON.stringify(body)).toBe(200);
  return body;
};

const addedUp = (amounts: readonly string[]): bigint =>
  amounts.reduce((sum, amount) => sum + toUnits(amount, 6), 0n);

test("the morning tells of the last day that every active account has, and its figures are those of the marts", async () => {
  const { period, partial, fresh, groups } = await ask();
  expect(period).toEqual({ from: "2026-11-18", to: "2026-11-18" });
  expect(partial).toBe(false);
  expect(fresh.text).toMatch(/^as of .*, 6 of 6 accounts$/);
  const { rows } = await shared.database.pool.query<Record<string, string>>(
    `select sum(spend) as spend, sum(conversions) as conversions,
            round(sum(spend) / sum(conversions), 6) as cost_per_conversion,
            round(sum(spend) / sum(projected_conversions), 6) as expected
     from marts.cost_per_conversion_by_account_daily where date = '2026-11-18'`,
  );
  const { expected, ...reported } = rows[0] ?? {};
  expect(groups[0]?.all.reported).toEqual(reported);
  expect(groups[0]?.all.expected.cost_per_conversion).toBe(expected);
});

test("what drove the cost adds up to its change, to the last digit, and so it does as it is shown", async () => {
  for (const query of ["", "?against=day", "?days=7", "?against=four_weeks"]) {
    const { groups } = await ask(query);
    const sides = groups.flatMap(({ all, platforms }) => [all, ...platforms]);
    expect(sides).toHaveLength(4);
    for (const { compared } of sides) {
      expect(compared?.drivers.length).toBeGreaterThan(1);
      expect(addedUp(compared?.drivers.map(({ amount }) => amount) ?? [])).toBe(
        toUnits(compared?.change ?? "", 6),
      );
      expect(addedUp(compared?.drivers.map(({ shown }) => shown) ?? [])).toBe(
        toUnits(compared?.shown_change ?? "", 6),
      );
    }
  }
});
