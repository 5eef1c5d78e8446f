import { dayAt, type DayRange, eachDay, laterDay } from "../../domain/day.ts";
import { recordDays } from "../account-days.ts";
import { publish } from "./publish.ts";
import { type DayCheck, daysThatFallShort } from "./judge-days.ts";
import { sumDelivery, sumOutcome } from "./part-sums.ts";
import { readCampaigns } from "./read-streams.ts";
import { dropRepeats } from "./repeats.ts";
import { completeToTotals } from "./residual.ts";
import { clearStaging, stageHeld, type Staging } from "./stage.ts";
import { daysOf, type PartDays, type StagedWindow } from "./staged-window.ts";
import type { Part } from "./fact-tables.ts";
import type { Fingerprints } from "./fingerprint.ts";
import { noteFingerprints } from "./unchanged.ts";

/** The part of a slice's window that has to be published anew, added up. */
export interface WindowSums {
  readonly staged: StagedWindow;
  /** Days on which the ads add up to less than the account. Campaign totals explain them. */
  readonly short: readonly string[];
  /** Rows that were read for that. */
  readonly rowsRead: number;
}

/**
 * Stages the days' held rows, sums them by campaign-day, and asks for what is needed to explain the days that fall short.
 * Undefined where there are no days.
 */
export const addUp = async (staging: Staging, days: PartDays): Promise<WindowSums | undefined> => {
  const { client, sliceId, accountKey, direct, connector, compared } = staging;
  const all = daysOf(days);
  const [from, to] = [all[0], all.at(-1)];
  if (from === undefined || to === undefined) return undefined;
  const { networkSplit } = connector;
  const staged = { client, sliceId, accountKey, direct, networkSplit, days, compared, from, to };
  await stageHeld(staging, days);
  await dropRepeats(staging);
  await sumDelivery(staged);
  // Where the split by network is exact, its sums are the campaigns' totals already: to ask for them would count twice.
  const asks = networkSplit === "estimate" && connector.campaigns !== undefined;
  const short = asks ? await daysThatFallShort(staged) : [];
  if (short.length === 0) {
    await sumOutcome(staged);
    return { staged, short, rowsRead: 0 };
  }
  const rowsRead = await readCampaigns(staging, short);
  // Campaign totals complete conversions too: of a short day they are all needed.
  const outcome = days.get("outcome") ?? [];
  const added = short.filter((day) => !outcome.includes(day));
  await stageHeld({ ...staging, held: staging.held.slice(0, -1) }, new Map([["outcome", added]]));
  await stageHeld(
    { ...staging, held: staging.held.slice(-1) },
    new Map([
      ["delivery", short],
      ["outcome", short],
    ]),
  );
  await dropRepeats(staging);
  const completed = {
    ...staged,
    days: new Map<Part, readonly string[]>([...days, ["outcome", [...outcome, ...added]]]),
  };
  await sumOutcome(completed);
  return { staged: completed, short, rowsRead };
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
  prints: Fingerprints,
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
  const { rowsWritten } = await publish({ ...staged, failedDays: failed });
  // A short day depends on campaign totals too, which are asked for only when its ads are known.
  await noteFingerprints(staged, prints, [...short, ...failed]);
  await clearStaging(staging);
  const oddDays = verdicts.filter(({ problem, warning }) => problem === null && warning !== null);
  return { rowsWritten, failedDays, oddDays };
};

/** The days that had not ended in the account's zone when their figures were asked for. */
const openDays = (window: DayRange, timeZone: string, began: Date): readonly string[] =>
  eachDay({ from: laterDay(window.from, dayAt(began, timeZone)), to: window.to });
