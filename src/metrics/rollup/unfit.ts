import type pg from "pg";
import type { Day } from "../../domain/day.ts";
import { Failure } from "../../domain/failure.ts";
import type { Platform } from "../../domain/platform.ts";

/** Whether Postgres refused a figure because no column holds it. */
export const isTooLarge = (error: unknown): boolean => (error as { code?: unknown }).code === "22003";

/** What is said of days whose figures each fit and together do not. */
export const unfitDays = async (
  pool: pg.Pool,
  accountKey: number,
  days: readonly Day[],
): Promise<Failure> => {
  const { rows } = await pool.query<{ platform: Platform; account_id: string }>(
    "select platform, account_id from warehouse.account where account_key = $1",
    [accountKey],
  );
  const [account] = rows;
  const others = days.length === 1 ? "" : ` and ${String(days.length - 1)} other days`;
  return new Failure({
    kind: "data",
    code: "too_large",
    message: `${days[0] ?? ""}${others}: the figures add up to more than twelve digits, which does not fit the marts`,
    remedy:
      "check the values of the conversions; the marts keep what they had of such days, and every other day is rolled up",
    ...(account && { platform: account.platform, accountId: account.account_id }),
  });
};
