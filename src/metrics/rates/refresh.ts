import type pg from "pg";
import type { Logger } from "pino";
import { addDays, type Day, laterDay } from "../../domain/day.ts";
import { lastPublishedDay, targetDays } from "../../domain/target-days.ts";
import { download, type DownloadOptions, type RatesFile, withRetries } from "./download.ts";
import { parseRates } from "./parse.ts";
import { reachDays } from "./put.ts";
import { storedRange, storeRates } from "./store.ts";

export interface RefreshOptions extends DownloadOptions {
  readonly pool: pg.Pool;
  /** The first day whose amounts are to be converted. */
  readonly from: Day;
  readonly now: Date;
  readonly log: Logger;
  /** Tests shorten the delays between attempts; nothing else does. */
  readonly firstDelayMs?: number;
}

export interface Refreshed {
  /** The files that were fetched, none where nothing was missing. */
  readonly files: readonly RatesFile[];
  /** Rates that are new or changed. */
  readonly written: number;
  /** The newest day of the bank's rates in the warehouse. */
  readonly last: Day | undefined;
}

/** The bank's first day of rates. */
const firstDayEver = "1999-01-04";
/** How far back the file of 90 days is trusted to reach. */
const recentDays = 85;

/** The smallest file with what is missing. What is stored is always one stretch without a gap, and stays so. */
const fileFor = (
  { from, now }: Pick<RefreshOptions, "from" | "now">,
  stored: { readonly first: Day; readonly last: Day } | undefined,
): RatesFile | undefined => {
  const newest = lastPublishedDay(now);
  const oldest = laterDay(addDays(from, -reachDays), firstDayEver);
  if (oldest > newest) return undefined;
  const recent = addDays(newest, -recentDays);
  if (!stored) return oldest >= recent ? "90d" : "full";
  if (targetDays({ from: oldest, to: addDays(stored.first, -1) }).length > 0)
    return oldest >= recent ? "90d" : "full";
  const missing = targetDays({ from: addDays(stored.last, 1), to: newest });
  if (missing.length === 0) return undefined;
  if (missing.length === 1) return "daily";
  return stored.last >= recent ? "90d" : "full";
};

/**
 * Brings warehouse.exchange_rate up to date with the European Central Bank's published rates, from `from` on.
 * Fetches nothing where nothing is missing; a file counts whole or not at all.
 * @throws Failure `transient`, `request` or, for a file that is damaged or came only in part, `data`.
 */
export const refreshRates = async (options: RefreshOptions): Promise<Refreshed> => {
  const { pool, log, signal } = options;
  const before = await storedRange(pool);
  const file = fileFor(options, before);
  if (!file) return { files: [], written: 0, last: before?.last };

  const load = async (which: RatesFile) => {
    const result = await withRetries(options, () =>
      storeRates(pool, parseRates(download(which, options)), signal),
    );
    log.info({ file: which, days: result.days.size, written: result.written }, "exchange rates loaded");
    return result;
  };
  const files: RatesFile[] = [file];
  let { written, days } = await load(file);
  // The daily file may already hold the next day. The days before it would stay missing for ever.
  if (file === "daily" && before && isApart(before.last, days)) {
    files.push("90d");
    ({ written, days } = await load("90d"));
  }
  return { files, written, last: (await storedRange(pool))?.last };
};

const isApart = (last: Day, days: ReadonlySet<Day>): boolean =>
  [...days].some(
    (day) => day > last && targetDays({ from: addDays(last, 1), to: addDays(day, -1) }).length > 0,
  );
