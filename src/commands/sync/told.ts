import type { StreamResult } from "../../sources/pull.ts";
import { withoutName } from "../../sources/status.ts";
import type { SliceResult } from "../../sync/slice.ts";
import type { Frame } from "../frame.ts";
import type { SyncSummary } from "./run.ts";
import { worstByAccount } from "./worst.ts";

const sliceJson = ({ slice, outcome, rowsRead, rowsWritten, ms, failure }: SliceResult) => ({
  platform: slice.account.platform,
  account_id: slice.account.id,
  from: slice.from,
  to: slice.to,
  outcome,
  rows_read: rowsRead,
  rows_written: rowsWritten,
  ms,
  failure: failure && outcome !== "cancelled" ? failure.message : null,
});

const sourceJson = (result: StreamResult) => ({
  name: result.source,
  type: result.type,
  stream: result.stream,
  outcome: result.outcome,
  rows_read: result.rowsRead,
  rows_written: result.rowsWritten,
  refused: result.refused,
  redacted: Object.values(result.redacted).reduce((sum, count) => sum + count, 0),
  unmapped: Object.values(result.unmapped).reduce((sum, count) => sum + count, 0),
  ms: result.ms,
  failure: result.failure?.message ?? null,
});

/** Prints the result of the sync, and at the end a line for each account that lacks something. */
export const reportSync = (
  { globals, out, report: shortfall }: Pick<Frame, "globals" | "out" | "report">,
  report: SyncSummary,
): void => {
  const accounts = worstByAccount(report);
  if (globals.json)
    out.json({
      slices: report.results.map(sliceJson),
      accounts: accounts.map(({ platform, account_id, outcome, failure }) => ({
        platform,
        account_id,
        outcome,
        failure,
      })),
      ...(report.sources.length > 0 && { sources: report.sources.map(sourceJson) }),
    });
  for (const { property, failure } of report.ga4)
    if (failure !== null)
      shortfall({ platform: "ga4", accountId: property, what: failure.message, remedy: failure.remedy });
  // One line a source: what stopped it stopped its other streams, too.
  const told = new Set<string>();
  for (const { source, failure } of report.sources)
    if (failure !== null && !told.has(`${source} ${failure.message}`)) {
      told.add(`${source} ${failure.message}`);
      const what = withoutName(failure.message, source);
      shortfall({ platform: "source", accountId: source, what, remedy: failure.remedy });
    }
  for (const { platform, account_id, outcome, failure, remedy } of accounts)
    if (outcome === "failed")
      shortfall({ platform, accountId: account_id, what: failure ?? "interrupted", remedy });
};

const counted = (count: number, noun: string): string =>
  `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

/** The last word of a sync: what was loaded, what is missing, what to do next. */
export const syncSentence = (summary: SyncSummary): string => {
  const outcomes = worstByAccount(summary);
  const failing = outcomes.filter(({ outcome }) => outcome === "failed").length;
  const closed = outcomes.filter(({ outcome }) => outcome === "closed").length;
  const paused = outcomes.filter(({ outcome }) => outcome === "paused").length;
  const done = summary.results.filter(({ outcome }) => outcome === "done");
  const rows = done.reduce((sum, { rowsRead }) => sum + rowsRead, 0);
  const first = done.map(({ slice }) => slice.from).sort()[0];
  const last =
    done
      .map(({ slice }) => slice.to)
      .sort()
      .at(-1) ?? "";
  const well = new Set(done.map(({ slice: { account } }) => `${account.platform} ${account.id}`)).size;
  const ga4 = summary.ga4.filter(({ failure }) => failure !== null).length;
  const good = summary.sources.filter(({ failure }) => failure === null);
  const bad = summary.sources.filter(({ failure }) => failure !== null);
  const broken = new Set(bad.map(({ source }) => source)).size;
  const read = good.reduce((sum, { rowsRead }) => sum + rowsRead, 0);
  const ofSources = `${counted(read, "row")} of ${counted(new Set(good.map(({ source }) => source)).size, "source")}`;
  const parts = [
    first === undefined
      ? good.length > 0
        ? `Loaded ${ofSources}`
        : "Nothing was loaded"
      : `Loaded ${counted(rows, "row")} of ${counted(well, "account")}, ${first === last ? first : `${first} to ${last}`}${good.length > 0 ? `, and ${ofSources}` : ""}`,
    ...(failing > 0 ? [`${counted(failing, "account")} missing something`] : []),
    ...(ga4 > 0 ? [`${ga4 === 1 ? "1 GA4 property" : `${String(ga4)} GA4 properties`} missing`] : []),
    ...(broken > 0 ? [`${counted(broken, "source")} missing something`] : []),
    ...(closed > 0 ? [`${counted(closed, "account")} closed`] : []),
    ...(paused > 0 ? [`${counted(paused, "account")} paused`] : []),
  ];
  const next =
    failing + ga4 + broken > 0
      ? "costper doctor says why, costper sync tries again"
      : outcomes.length === 0
        ? summary.sources.length > 0
          ? "costper sources lists what came, costper report shows the figures"
          : "costper accounts lists what the credentials reach"
        : "costper report shows the figures";
  return `${parts.join("; ")}. Next: ${next}.`;
};
