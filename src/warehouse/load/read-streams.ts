import type { Pull } from "../../connectors/connector.ts";
import { asFailure } from "../../domain/failure.ts";
import { retries } from "../../domain/retry.ts";
import { withConversionsAlone } from "./conversions-alone.ts";
import { type Copy, linesOf, openCopy, type Place } from "./copy.ts";
import {
  accountDaily,
  accountLine,
  adDaily,
  adLine,
  campaignConversionDaily,
  campaignConversionLine,
  campaignDaily,
  campaignLine,
  conversionDaily,
  conversionLine,
  type FactTable,
  misfitOf,
  networkConversionDaily,
  networkConversionLine,
  networkDaily,
  networkLine,
} from "./fact-tables.ts";
import { createStreamPrint } from "./fingerprint.ts";
import { holdRows } from "./held-rows.ts";
import { dataFailure, isDatabaseError } from "./refused.ts";
import type { Staging } from "./stage.ts";

/** A row for which table; `undefined` never. */
interface Line {
  readonly table: FactTable;
  readonly text: string;
}

/** The day of a row lies in what was asked for: a platform that answers more would otherwise touch other days. */
const inside = (pull: Pull, date: string): boolean => date >= pull.from && date <= pull.to;

/** The lines of a batch by table and day, in the order in which they came, without rows that cannot be stored. */
const sorted = <T extends { readonly date: string }>(
  batch: readonly T[],
  { pull, unfit }: Staging,
  lineOf: (row: T) => Line,
): ReadonlyMap<FactTable, ReadonlyMap<string, readonly string[]>> => {
  const tables = new Map<FactTable, Map<string, string[]>>();
  for (const row of batch) {
    if (!inside(pull, row.date)) continue;
    const misfit = misfitOf(row);
    if (misfit !== undefined) {
      if (!unfit.has(row.date)) unfit.set(row.date, misfit);
      continue;
    }
    const { table, text } = lineOf(row);
    let days = tables.get(table);
    if (!days) tables.set(table, (days = new Map()));
    const lines = days.get(row.date);
    if (lines) lines.push(text);
    else days.set(row.date, [text]);
  }
  return tables;
};

/** Where the rows of a table go: straight among the published ones, or they are held. */
type Way = "straight" | "held";

/**
 * Reads one stream of the connector. Rows that go straight into a table flow through a single COPY while the stream goes
 * on; a change of table ends one COPY and begins the next. All others are held. On a transient break everything of this
 * stream is given up and it is asked again.
 */
export const readStream = async <T extends { readonly date: string }>(
  staging: Staging,
  stream: () => AsyncIterable<readonly T[]>,
  lineOf: (row: T) => Line,
  way: Way,
): Promise<number> => {
  const { client, pull, sliceId, accountKey } = staging;
  const place: Place =
    way === "straight" ? { schema: "warehouse", accountKey } : { schema: "staging", sliceId, accountKey };
  for (let attempt = 1; ; attempt += 1) {
    // What is held touches no table.
    if (way === "straight") await client.query("savepoint stream");
    let open: { table: FactTable; copy: Copy } | undefined;
    let rows = 0;
    const print = createStreamPrint();
    const held = holdRows();
    try {
      for await (const batch of stream()) {
        pull.signal.throwIfAborted();
        for (const [table, days] of sorted(batch, staging, lineOf)) {
          for (const [date, lines] of days) print.add(table, date, lines);
          if (way === "held") {
            for (const [date, lines] of days) await held.add(table, date, linesOf(place, lines));
            continue;
          }
          if (open?.table !== table) {
            await open?.copy.end();
            open = { table, copy: openCopy(client, table, place, pull.signal) };
          }
          await open.copy.write(linesOf(place, [...days.values()].flat()));
        }
        rows += batch.length;
        staging.onRows(batch.length);
      }
      await open?.copy.end();
      if (way === "straight") await client.query("release savepoint stream");
      staging.prints.push(print);
      staging.held.push(held);
      return rows;
    } catch (error) {
      await held.drop();
      await open?.copy.abort(error instanceof Error ? error : new Error(String(error)));
      pull.signal.throwIfAborted();
      const failure = dataFailure(error) ?? asFailure(error);
      // A stream that never began was asked for often enough by the request itself.
      const broke = failure.kind === "transient" && rows > 0 && !isDatabaseError(error);
      if (!broke || attempt >= retries.stream.attempts) throw error;
      if (way === "straight") await client.query("rollback to savepoint stream");
      staging.onRows(-rows);
    }
  }
};

/**
 * Reads every stream of facts of the slice and returns the number of rows. Fine streams go first: what
 * arrives between two calls then makes the coarser figure larger, which a residual row covers. It never gets smaller.
 */
export const readFacts = async (staging: Staging): Promise<number> => {
  const { connector, pull } = staging;
  const fine: Way = staging.direct ? "straight" : "held";
  let rows = 0;
  rows += await readStream(
    staging,
    () => connector.performance(pull),
    (row) => ({ table: adDaily, text: adLine(row) }),
    fine,
  );
  rows += await readStream(
    staging,
    () => connector.conversions(pull),
    (row) => ({ table: conversionDaily, text: conversionLine(row) }),
    fine,
  );
  rows += await readStream(
    staging,
    () => withConversionsAlone(connector.networks(pull)),
    (row) =>
      row.kind === "delivery"
        ? { table: networkDaily, text: networkLine(row) }
        : { table: networkConversionDaily, text: networkConversionLine(row) },
    "held",
  );
  rows += await readStream(
    staging,
    () => connector.totals(pull),
    (row) => ({ table: accountDaily, text: accountLine(row) }),
    "held",
  );
  return rows;
};

/**
 * Reads the platform's own campaign totals, which explain where ads fall short of the account. Those of other days
 * are ignored: the figures of a day must not depend on the days that are pulled with it.
 */
export const readCampaigns = async (staging: Staging, days: readonly string[]): Promise<number> => {
  const { connector, pull } = staging;
  const wanted = new Set(days);
  if (!connector.campaigns) return 0;
  const ask = connector.campaigns.bind(connector);
  return readStream(
    staging,
    () => ofDays(ask(pull), wanted),
    (row) =>
      row.kind === "delivery"
        ? { table: campaignDaily, text: campaignLine(row) }
        : { table: campaignConversionDaily, text: campaignConversionLine(row) },
    "held",
  );
};

async function* ofDays<T extends { readonly date: string }>(
  batches: AsyncIterable<readonly T[]>,
  days: ReadonlySet<string>,
): AsyncGenerator<readonly T[]> {
  for await (const batch of batches) yield batch.filter(({ date }) => days.has(date));
}
