import type pg from "pg";
import { type BreakdownName, breakdowns } from "../../domain/breakdown.ts";
import { asFailure, type Failure } from "../../domain/failure.ts";
import { breakdownLine } from "./fact-tables.ts";
import { readStream, type Staging } from "./stage.ts";

/** A breakdown that was asked for and did not come. */
export interface LackingBreakdown {
  readonly breakdown: BreakdownName;
  readonly failure: Failure;
}

/** What a platform says for good about one report, and not about the figures that count. */
const concernsItAlone = ({ kind }: Failure): boolean =>
  kind === "request" || kind === "data" || kind === "account";

/**
 * Reads what the connector splits campaign-days by. It goes before all other streams: what arrives between the calls
 * makes the campaign-day larger, which the row unknown covers. A breakdown that the platform refuses costs nothing but
 * itself.
 */
export const readBreakdowns = async (
  staging: Staging,
): Promise<{ readonly rowsRead: number; readonly lacking: readonly LackingBreakdown[] }> => {
  const { client, connector, pull } = staging;
  const lacking: LackingBreakdown[] = [];
  let rowsRead = 0;
  for (const breakdown of breakdowns) {
    const ask = connector.breakdowns?.[breakdown];
    if (!ask) continue;
    await client.query("savepoint breakdown");
    try {
      rowsRead += await readStream(
        staging,
        () => ask(pull),
        (row) => breakdownLine(breakdown, row),
        "held",
      );
      await client.query("release savepoint breakdown");
      staging.breakdowns.push(breakdown);
    } catch (error) {
      pull.signal.throwIfAborted();
      const failure = asFailure(error);
      if (!concernsItAlone(failure)) throw error;
      await client.query("rollback to savepoint breakdown");
      lacking.push({ breakdown, failure });
    }
  }
  return { rowsRead, lacking };
};

interface Brought {
  readonly client: pg.PoolClient;
  readonly accountKey: number;
  readonly breakdowns: readonly BreakdownName[];
}

/**
 * Notes which days the breakdowns were brought for. A day that is brought for the first time is rolled up, even where the
 * platform had not a row to say.
 */
export const noteBreakdownDays = async (
  { client, accountKey, breakdowns: brought }: Brought,
  days: readonly string[],
): Promise<void> => {
  if (brought.length === 0 || days.length === 0) return;
  await client.query(
    `insert into ops.touched_day (account_key, date)
     select distinct $1::integer, d from unnest($2::date[]) d, unnest($3::text[]) b
     where not exists (
       select from ops.breakdown_day k where k.account_key = $1 and k.date = d and k.breakdown = b)
     on conflict (account_key, date) do update set touched_at = excluded.touched_at`,
    [accountKey, days, brought],
  );
  await client.query(
    `insert into ops.breakdown_day (account_key, date, breakdown)
     select $1::integer, d, b from unnest($2::date[]) d, unnest($3::text[]) b
     on conflict (account_key, date, breakdown) do update set fetched_at = excluded.fetched_at`,
    [accountKey, days, brought],
  );
};
