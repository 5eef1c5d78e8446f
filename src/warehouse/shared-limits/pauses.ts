import type pg from "pg";
import type { SharedLimits } from "../../connectors/wire/limits.ts";
import type { Platform } from "../../domain/platform.ts";

const keyOf = (platform: Platform, accountId: string | null): string => `${platform} ${accountId ?? ""}`;

/** How long what another process wrote may be unknown here; every request asks. */
const freshMs = 500;

/** Pauses that every process on the same warehouse knows of, across restarts too. */
export const sharedPauses = (pool: pg.Pool): Pick<SharedLimits, "until" | "pause"> => {
  let known = new Map<string, Date>();
  let readAt = 0;
  let reading: Promise<void> | undefined;

  const read = async (): Promise<void> => {
    try {
      const { rows } = await pool.query<{ platform: Platform; account_id: string; until: Date }>(
        "select platform, account_id, until from ops.pause where until > now()",
      );
      known = new Map(rows.map((row) => [keyOf(row.platform, row.account_id), row.until]));
      readAt = Date.now();
    } finally {
      reading = undefined;
    }
  };

  return {
    async until(platform, accountId) {
      // A clock that was set back makes the answer old, too.
      if (Math.abs(Date.now() - readAt) > freshMs) await (reading ??= read());
      return known.get(keyOf(platform, accountId));
    },
    async pause(platform, accountId, until) {
      const key = keyOf(platform, accountId);
      const before = known.get(key);
      if (!before || before < until) known.set(key, until);
      await pool.query(
        `insert into ops.pause as p (platform, account_id, until) values ($1, $2, $3)
         on conflict (platform, account_id) do update set until = excluded.until
         where p.until < excluded.until`,
        [platform, accountId ?? "", until],
      );
    },
  };
};
