import type pg from "pg";
import { type BreakdownName, breakdowns } from "../../domain/breakdown.ts";
import { asFailure, type Failure } from "../../domain/failure.ts";
import { touchDays } from "../touched-days.ts";
import { breakdownLine } from "./fact-tables.ts";
import { readStream } from "./read-streams.ts";
import type { Staging } from "./stage.ts";

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
  const { connector, pull } = staging;
  const lacking: LackingBreakdown[] = [];
  let rowsRead = 0;
  for (const breakdown of breakdowns) {
    const ask = connector.breakdowns?.[breakdown];
    if (!ask) continue;
    try {
      rowsRead += await readStream(
        staging,
        () => ask(pull),
        (row) => breakdownLine(breakdown, row),
        "held",
      );
      staging.breakdowns.push(breakdown);
    } catch (error) {
      pull.signal.throwIfAborted();
      const failure = asFailure(error);
      if (!concernsItAlone(failure)) throw error;
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
  const { rows } = await client.query<{ date: string; is_new: boolean }>(
    `insert into ops.breakdown_day (account_key, date, breakdown)
     select $1::integer, d, b from unnest($2::date[]) d, unnest($3::text[]) b
     on conflict (account_key, date, breakdown) do update set fetched_at = excluded.fetched_at
     returning date, xmax = 0 as is_new`,
    [accountKey, days, brought],
  );
  await touchDays(
    client,
    accountKey,
    rows.filter(({ is_new }) => is_new).map(({ date }) => date),
  );
};
