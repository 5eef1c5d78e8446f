import { dayAt, type DayRange, eachDay, laterDay } from "../../domain/day.ts";
import { recordDays } from "../account-days.ts";
import { noteBreakdownDays } from "./breakdowns.ts";
import { publish } from "./publish.ts";
import {
  completeToTotals,
  daysThatFallShort,
  type DayCheck,
  type StagedWindow,
  sumParts,
} from "./residual.ts";
import { clearStaging, dropRepeats, stageCampaigns, type Staging } from "./stage.ts";
import { noteFingerprints } from "./unchanged.ts";

/** The part of a slice's window that has to be published anew, added up. */
export interface WindowSums {
  readonly staged: StagedWindow;
  /** Days on which the ads add up to less than the account. Campaign totals explain them. */
  readonly short: readonly string[];
  /** Rows that were read for that. */
  readonly rowsRead: number;
}

/** Sums what was staged by campaign-day, and asks for what is needed to explain the days that fall short. */
export const addUp = async (staging: Staging, window: DayRange): Promise<WindowSums> => {
  const { client, sliceId, accountKey, direct, connector } = staging;
  const staged = { client, sliceId, accountKey, direct, networkSplit: connector.networkSplit, ...window };
  await dropRepeats(staging);
  await sumParts(staged);
  // Where the split by network is exact, its sums are the campaigns' totals already: to ask for them would count twice.
  const asks = connector.networkSplit === "estimate" && connector.campaigns !== undefined;
  const short = asks ? await daysThatFallShort(staged) : [];
  if (short.length === 0) return { staged, short, rowsRead: 0 };
  const rowsRead = await stageCampaigns(staging, short);
  await dropRepeats(staging);
  return { staged, short, rowsRead };
};

export interface PublishedWindow {
  readonly rowsWritten: number;
  readonly failedDays: readonly DayCheck[];
  /** Published, with something that is worth a word. */
  readonly oddDays: readonly DayCheck[];
}

/**
 * Completes the window's days to the platform's totals and publishes those that reconcile.
 * @returns the rows written and the days that were left as they are, since they do not add up
 */
export const publishWindow = async (
  staging: Staging,
  { staged, short }: WindowSums,
  prints: ReadonlyMap<string, string>,
  began: Date,
): Promise<PublishedWindow> => {
  const { connector, pull, unfit } = staging;
  const verdicts = await completeToTotals(staged, unfit);
  const failedDays = verdicts.filter(({ problem }) => problem !== null);
  const failed = failedDays.map(({ date }) => date);
  await recordDays({
    ...staged,
    platform: connector.platform,
    accountId: pull.account.id,
    verdicts,
    openDays: openDays(staged, pull.account.timeZone, began),
  });
  const { breakdowns } = staging;
  const { rowsWritten } = await publish({ ...staged, breakdowns, failedDays: failed });
  await noteBreakdownDays(
    staging,
    eachDay(staged).filter((day) => !failed.includes(day)),
  );
  // A short day depends on campaign totals too, which are asked for only when its ads are known.
  await noteFingerprints({ ...staged, breakdowns }, prints, [...short, ...failed]);
  await clearStaging(staging);
  const oddDays = verdicts.filter(({ problem, warning }) => problem === null && warning !== null);
  return { rowsWritten, failedDays, oddDays };
};

/** The days that had not ended in the account's zone when their figures were asked for. */
const openDays = (window: DayRange, timeZone: string, began: Date): readonly string[] =>
  eachDay({ from: laterDay(window.from, dayAt(began, timeZone)), to: window.to });
