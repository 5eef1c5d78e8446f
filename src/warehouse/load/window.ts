import type { DayRange } from "../../domain/day.ts";
import { recordDays } from "../account-days.ts";
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
  const short = connector.campaigns ? await daysThatFallShort(staged) : [];
  if (short.length === 0) return { staged, short, rowsRead: 0 };
  const rowsRead = await stageCampaigns(staging, short);
  await dropRepeats(staging);
  return { staged, short, rowsRead };
};

/**
 * Completes the window's days to the platform's totals and publishes those that reconcile.
 * @returns the rows written and the days that were left as they are, since they do not add up
 */
export const publishWindow = async (
  staging: Staging,
  { staged, short }: WindowSums,
  prints: ReadonlyMap<string, string>,
): Promise<{ readonly rowsWritten: number; readonly failedDays: readonly DayCheck[] }> => {
  const { connector, pull } = staging;
  const verdicts = await completeToTotals(staged);
  const failedDays = verdicts.filter(({ problem }) => problem !== null);
  const failed = failedDays.map(({ date }) => date);
  await recordDays({ ...staged, platform: connector.platform, accountId: pull.account.id, verdicts });
  const { rowsWritten } = await publish({ ...staged, failedDays: failed });
  // A short day depends on campaign totals too, which are asked for only when its ads are known.
  await noteFingerprints(staged, prints, [...short, ...failed]);
  await clearStaging(staging);
  return { rowsWritten, failedDays };
};
